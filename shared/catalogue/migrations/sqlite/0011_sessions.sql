-- Where somebody is logged in. Each session has one refresh token that is good and those that it followed: one of
-- these that comes again was stolen, or its thief has the good one. hash is the SHA-256 of a token.
CREATE TABLE sessions (
    id         BLOB   NOT NULL PRIMARY KEY,
    user_id    BLOB   NOT NULL REFERENCES users (id),
    created_ms BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id, id);
CREATE INDEX sessions_by_end ON sessions (ends_ms);

CREATE TABLE refresh_tokens (
    hash       BLOB   NOT NULL PRIMARY KEY,
    session_id BLOB   NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    used_ms    BIGINT
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

-- Whether another admin is left.
CREATE INDEX users_by_role ON users (role, id);
