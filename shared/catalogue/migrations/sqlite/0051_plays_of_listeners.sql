-- Whether a listener's play of a song has counted already, under whichever token.
CREATE INDEX playbacks_counted ON playbacks (user_id, song_id, counted_ms);
