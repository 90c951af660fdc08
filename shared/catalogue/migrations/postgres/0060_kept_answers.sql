-- What was answered to requests that named a key, so that one that is sent again happens once. status, headers and body
-- are NULL while the first one runs; fingerprint is the SHA-256 of what it asked for.
CREATE TABLE kept_answers (
    user_id     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    request_key TEXT   NOT NULL,
    fingerprint BYTEA  NOT NULL,
    begun_ms    BIGINT NOT NULL,
    status      BIGINT,
    headers     TEXT,
    body        TEXT,
    PRIMARY KEY (user_id, request_key)
);
CREATE INDEX kept_answers_by_begin ON kept_answers (begun_ms);
