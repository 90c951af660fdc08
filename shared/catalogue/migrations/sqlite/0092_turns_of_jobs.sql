-- Whose turn it is. A job counts for its owner; of a smaller priority all come first, and within one, turn is a place in
-- the queue that is fixed when the job is put in, such that everybody who waits is served in turn. due_ms is NULL of an
-- open job that may be taken; else it is the end of its lease, or of its rest after an attempt that failed. 'failed' is
-- what the master is to blame for, 'parked' what was tried in vain, 'cancelled' what somebody called off.
-- SQLite changes no CHECK: the table is made anew.
CREATE TABLE jobs_in_turn (
    id         BLOB   NOT NULL PRIMARY KEY,
    song_id    BLOB   NOT NULL REFERENCES songs (id),
    state      TEXT   NOT NULL CHECK (state IN ('open', 'done', 'failed', 'parked', 'cancelled')),
    attempts   BIGINT NOT NULL,
    due_ms     BIGINT,
    lease      BLOB,
    last_error TEXT,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    owner_id   BLOB   NOT NULL,
    priority   BIGINT NOT NULL DEFAULT 0,
    turn       BIGINT NOT NULL DEFAULT 0
);
INSERT INTO jobs_in_turn
    SELECT jobs.id, song_id, jobs.state, attempts,
           CASE WHEN jobs.state = 'open' AND lease IS NOT NULL THEN due_ms END, lease, last_error,
           jobs.created_ms, jobs.updated_ms, uploader_id, 0,
           CASE WHEN jobs.state = 'open' THEN
               ROW_NUMBER() OVER (PARTITION BY jobs.state, uploader_id ORDER BY due_ms, jobs.id)
           ELSE 0 END
    FROM jobs JOIN songs ON songs.id = song_id;
DROP TABLE jobs;
ALTER TABLE jobs_in_turn RENAME TO jobs;

CREATE INDEX jobs_by_song ON jobs (song_id);
CREATE INDEX jobs_by_turn ON jobs (priority, turn, id) WHERE state = 'open' AND due_ms IS NULL;
CREATE INDEX jobs_by_due ON jobs (due_ms) WHERE state = 'open' AND due_ms IS NOT NULL;
CREATE INDEX jobs_begun ON jobs (priority, turn) WHERE attempts > 0;
CREATE INDEX jobs_by_owner ON jobs (owner_id, priority, turn);
CREATE INDEX jobs_open ON jobs (priority, owner_id) WHERE state = 'open';
CREATE INDEX jobs_by_state ON jobs (state, id);
