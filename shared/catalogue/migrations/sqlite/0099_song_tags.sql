-- What the tags of masters say beside names: the disc of an album, and what MusicBrainz calls a recording, its release and
-- its artists (UUIDs as text; those of the artists with spaces between).
ALTER TABLE songs ADD COLUMN disc BIGINT;
ALTER TABLE songs ADD COLUMN recording_id TEXT;
ALTER TABLE songs ADD COLUMN release_id TEXT;
ALTER TABLE songs ADD COLUMN artist_ids TEXT;
