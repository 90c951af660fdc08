-- Whoever is referred to finds who refers to them: for what is shown of an artist or an album, and so that nothing is
-- read from end to end when one of them goes.

CREATE INDEX songs_by_artist ON songs (artist_id, id);
CREATE INDEX songs_by_album ON songs (album_id, id);
CREATE INDEX versions_by_artist ON versions (artist_id);
CREATE INDEX versions_by_album ON versions (album_id);
CREATE INDEX albums_by_artist ON albums (artist_id, id);
CREATE INDEX jobs_by_song ON jobs (song_id);
