-- Files that arrive in pieces (tus 1.0). Their bytes are in the work folder of the process that takes them, whose length is
-- how many have come. metadata is what their sender said; concat is NULL for a file of its own, 'partial' for a piece of
-- another, or 'final;' and the pieces that it is made of. song_id is what became of it.
CREATE TABLE uploads (
    id         BLOB   NOT NULL PRIMARY KEY,
    user_id    BLOB   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    length     BIGINT NOT NULL,
    metadata   TEXT   NOT NULL,
    concat     TEXT,
    created_ms BIGINT NOT NULL,
    expires_ms BIGINT NOT NULL,
    song_id    BLOB   REFERENCES songs (id) ON DELETE CASCADE
);
CREATE INDEX uploads_by_user ON uploads (user_id, song_id);
CREATE INDEX uploads_by_expiry ON uploads (expires_ms);
CREATE INDEX uploads_by_song ON uploads (song_id);
