-- Who plays what under which token: where they are, and which milliseconds they have heard (JSON, until the play counts).
CREATE TABLE playbacks (
    id          UUID    NOT NULL PRIMARY KEY,
    user_id     UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    song_id     UUID    NOT NULL REFERENCES songs (id),
    position_ms BIGINT  NOT NULL,
    playing     BOOLEAN NOT NULL,
    heard       TEXT    NOT NULL,
    opened_ms   BIGINT  NOT NULL,
    at_ms       BIGINT  NOT NULL,
    counted_ms  BIGINT
);
CREATE INDEX playbacks_by_user ON playbacks (user_id, at_ms);
CREATE INDEX playbacks_by_song ON playbacks (song_id);
