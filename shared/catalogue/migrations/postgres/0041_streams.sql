-- Where an account plays: one row for each device, that is a session or an API key. taken_over_ms says since when it
-- may play no more, because another one began. max_streams is how many may play at a time where that is not what the
-- plan says.
ALTER TABLE users ADD COLUMN max_streams BIGINT CHECK (max_streams > 0);

CREATE TABLE streams (
    user_id       UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    device        UUID    NOT NULL,
    playing       BOOLEAN NOT NULL,
    began_ms      BIGINT  NOT NULL,
    heard_ms      BIGINT  NOT NULL,
    taken_over_ms BIGINT,
    PRIMARY KEY (user_id, device)
);
CREATE INDEX streams_by_age ON streams (heard_ms);
