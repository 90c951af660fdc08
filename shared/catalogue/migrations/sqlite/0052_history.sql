-- When a listener last began to play it, as their history says; none where they have taken it out of that, or never
-- began.
ALTER TABLE playbacks ADD COLUMN played_ms BIGINT;
UPDATE playbacks SET played_ms = at_ms WHERE at_ms > opened_ms;
CREATE INDEX playbacks_history ON playbacks (user_id, played_ms, id);

-- Places in songs that somebody wants to find again. Their ids are UUIDv7s: newest first is highest first.
CREATE TABLE bookmarks (
    id          BLOB   NOT NULL PRIMARY KEY,
    user_id     BLOB   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    song_id     BLOB   NOT NULL REFERENCES songs (id) ON DELETE CASCADE,
    position_ms BIGINT NOT NULL,
    note        TEXT   NOT NULL,
    created_ms  BIGINT NOT NULL
);
CREATE INDEX bookmarks_newest ON bookmarks (user_id, id);
CREATE INDEX bookmarks_by_song ON bookmarks (song_id);
