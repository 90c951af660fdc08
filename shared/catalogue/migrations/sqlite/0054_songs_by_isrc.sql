-- Playlists of elsewhere name recordings by their codes.
CREATE INDEX songs_by_isrc ON songs (isrc);
