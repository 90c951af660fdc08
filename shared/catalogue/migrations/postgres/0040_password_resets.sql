-- Whoever forgot their password. A wish is what somebody typed, whether that is anybody's or not; it is looked into
-- when its turn comes, and again until the mail is out. A reset is what was mailed: the newest alone is good. hash is
-- the SHA-256 of its secret.
CREATE TABLE password_reset_wishes (
    id         UUID   NOT NULL PRIMARY KEY,
    login      TEXT   NOT NULL,
    created_ms BIGINT NOT NULL,
    due_ms     BIGINT NOT NULL,
    attempts   BIGINT NOT NULL
);
CREATE INDEX password_reset_wishes_by_turn ON password_reset_wishes (due_ms, id);

CREATE TABLE password_resets (
    user_id    UUID   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash       BYTEA  NOT NULL UNIQUE,
    wish_id    UUID   NOT NULL,
    created_ms BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL
);
CREATE INDEX password_resets_by_end ON password_resets (ends_ms);
