-- What songs and albums are shown with: one cover in sizes, the largest first, as `hash:WIDTHxHEIGHT` with spaces between;
-- each is the object `artwork/{hash}.jpg`. A song's is its master's or its album's, unless its artist put another there.
ALTER TABLE songs ADD COLUMN cover TEXT;
ALTER TABLE songs ADD COLUMN cover_put BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE albums ADD COLUMN cover TEXT;
-- An artist is shown with the cover of their newest song that has one.
CREATE INDEX songs_by_artist_with_cover ON songs (artist_id, id) WHERE cover IS NOT NULL;
