-- What somebody likes and whom they follow. Their ids are UUIDv7s: newest first is highest first.
CREATE TABLE likes (
    id       UUID   NOT NULL PRIMARY KEY,
    user_id  UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    song_id  UUID   NOT NULL REFERENCES songs (id) ON DELETE CASCADE,
    liked_ms BIGINT NOT NULL,
    UNIQUE (user_id, song_id)
);
CREATE INDEX likes_newest ON likes (user_id, id);
CREATE INDEX likes_by_song ON likes (song_id);

CREATE TABLE follows (
    id          UUID   NOT NULL PRIMARY KEY,
    user_id     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    artist_id   UUID   NOT NULL REFERENCES artists (id) ON DELETE CASCADE,
    followed_ms BIGINT NOT NULL,
    UNIQUE (user_id, artist_id)
);
CREATE INDEX follows_newest ON follows (user_id, id);
CREATE INDEX follows_by_artist ON follows (artist_id);
