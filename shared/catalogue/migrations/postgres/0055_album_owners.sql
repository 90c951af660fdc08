-- Whose an album is: who uploads one of the same artist and title makes one of their own, and nobody can put songs into
-- another's. Albums of before are of whoever uploaded their first song; none where they have no songs, or that account
-- is gone.
ALTER TABLE albums ADD COLUMN owner_id UUID REFERENCES users (id) ON DELETE SET NULL;
UPDATE albums SET owner_id =
    (SELECT s.uploader_id FROM songs s WHERE s.album_id = albums.id ORDER BY s.id LIMIT 1);
DROP INDEX albums_by_title;
CREATE UNIQUE INDEX albums_by_title ON albums (artist_id, owner_id, title) WHERE NOT single_song;
CREATE INDEX albums_by_owner ON albums (owner_id);
