-- What programs log in with for somebody: no more than its own role, nor than the account's. hash is the SHA-256 of the
-- key. A key that is revoked is gone.
CREATE TABLE api_keys (
    id         UUID   NOT NULL PRIMARY KEY,
    user_id    UUID   NOT NULL REFERENCES users (id),
    name       TEXT   NOT NULL,
    hash       BYTEA  NOT NULL UNIQUE,
    role       TEXT   NOT NULL CHECK (role IN ('listener', 'artist', 'admin')),
    created_ms BIGINT NOT NULL
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id);
