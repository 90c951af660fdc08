-- What each version was made of, and what becomes of it. retired_ms is when another one took its place, and is NULL of the
-- current one; its objects are 'stored', or 'going' from when they are begun to be removed, or 'gone'. A job says which
-- master it packages, and its artist why it ended otherwise.
ALTER TABLE versions ADD COLUMN master TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN retired_ms BIGINT;
ALTER TABLE versions ADD COLUMN objects TEXT NOT NULL DEFAULT 'stored' CHECK
    (objects IN ('stored', 'going', 'gone'));
UPDATE versions SET
    master = (SELECT songs.master FROM songs WHERE songs.id = versions.song_id),
    file_name = (SELECT songs.file_name FROM songs WHERE songs.id = versions.song_id),
    retired_ms = CASE WHEN NOT EXISTS (
        SELECT 1 FROM current_versions c
        WHERE c.song_id = versions.song_id AND c.version = versions.version
    ) THEN CAST(EXTRACT(EPOCH FROM now()) * 1000 AS BIGINT) END;
CREATE INDEX versions_by_retirement ON versions (retired_ms)
    WHERE objects <> 'gone' AND retired_ms IS NOT NULL;

ALTER TABLE jobs ADD COLUMN master TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN file_name TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN reason TEXT;
UPDATE jobs SET
    master = (SELECT songs.master FROM songs WHERE songs.id = jobs.song_id),
    file_name = (SELECT songs.file_name FROM songs WHERE songs.id = jobs.song_id);

-- Whether a master is anybody's.
CREATE INDEX versions_by_master ON versions (master);
CREATE INDEX jobs_by_master ON jobs (master);
