-- What external caches are still to be told, or were told: one row for each event and hook. An open row is due at due_ms; where
-- it has a lease, somebody is at it until then. stage orders the hooks of one event from the inside out; round counts how
-- often it was opened again after it was done or dead.
CREATE TABLE deliveries (
    id         BLOB   NOT NULL PRIMARY KEY,
    hook       TEXT   NOT NULL,
    stage      BIGINT NOT NULL,
    event_id   BLOB   NOT NULL,
    cause      TEXT   NOT NULL,
    purge      TEXT   NOT NULL,
    state      TEXT   NOT NULL CHECK (state IN ('open', 'done', 'dead')),
    attempts   BIGINT NOT NULL,
    round      BIGINT NOT NULL,
    lease      BLOB,
    due_ms     BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    last_error TEXT,
    UNIQUE (event_id, hook)
);
CREATE INDEX deliveries_by_turn ON deliveries (hook, state, due_ms, id);
CREATE INDEX deliveries_by_state ON deliveries (state, updated_ms);
CREATE INDEX versions_by_version ON versions (version);
