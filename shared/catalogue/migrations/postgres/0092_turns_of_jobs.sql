-- Whose turn it is. A job counts for its owner; of a smaller priority all come first, and within one, turn is a place in
-- the queue that is fixed when the job is put in, such that everybody who waits is served in turn. due_ms is NULL of an
-- open job that may be taken; else it is the end of its lease, or of its rest after an attempt that failed. 'failed' is
-- what the master is to blame for, 'parked' what was tried in vain, 'cancelled' what somebody called off.
ALTER TABLE jobs DROP CONSTRAINT jobs_state_check;
ALTER TABLE jobs ADD CONSTRAINT jobs_state_check CHECK
    (state IN ('open', 'done', 'failed', 'parked', 'cancelled'));
ALTER TABLE jobs ADD COLUMN owner_id UUID;
ALTER TABLE jobs ADD COLUMN priority BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN turn BIGINT NOT NULL DEFAULT 0;
ALTER TABLE jobs ALTER COLUMN due_ms DROP NOT NULL;
UPDATE jobs SET owner_id = songs.uploader_id FROM songs WHERE songs.id = jobs.song_id;
ALTER TABLE jobs ALTER COLUMN owner_id SET NOT NULL;
UPDATE jobs SET turn = turns.turn, due_ms = CASE WHEN jobs.lease IS NOT NULL THEN jobs.due_ms END
    FROM (SELECT id, ROW_NUMBER() OVER (PARTITION BY owner_id ORDER BY due_ms, id) AS turn
          FROM jobs WHERE state = 'open') AS turns
    WHERE turns.id = jobs.id;
UPDATE jobs SET due_ms = NULL WHERE state <> 'open';

DROP INDEX jobs_by_turn;
CREATE INDEX jobs_by_turn ON jobs (priority, turn, id) WHERE state = 'open' AND due_ms IS NULL;
CREATE INDEX jobs_by_due ON jobs (due_ms) WHERE state = 'open' AND due_ms IS NOT NULL;
CREATE INDEX jobs_begun ON jobs (priority, turn) WHERE attempts > 0;
CREATE INDEX jobs_by_owner ON jobs (owner_id, priority, turn);
CREATE INDEX jobs_open ON jobs (priority, owner_id) WHERE state = 'open';
CREATE INDEX jobs_by_state ON jobs (state, id);
