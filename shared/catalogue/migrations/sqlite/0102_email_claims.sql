-- Whoever says that a mail address is theirs, until they prove it by what is mailed there. Whether it is somebody else's
-- already is looked into when the mail's turn comes, not when it is said. hash is the SHA-256 of what was mailed last;
-- due_ms is when a mail is to go out: none where it is out.
CREATE TABLE email_claims (
    user_id    BLOB   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    id         BLOB   NOT NULL,
    email      TEXT   NOT NULL,
    hash       BLOB,
    created_ms BIGINT NOT NULL,
    ends_ms    BIGINT NOT NULL,
    due_ms     BIGINT,
    attempts   BIGINT NOT NULL
);
CREATE INDEX email_claims_by_turn ON email_claims (due_ms, user_id);
CREATE INDEX email_claims_by_end ON email_claims (ends_ms);
