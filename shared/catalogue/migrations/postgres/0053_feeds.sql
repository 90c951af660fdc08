-- What somebody's devices are told to look at anew: library counts the changes of their likes, follows and bookmarks,
-- playlists how often they gained or lost one.
CREATE TABLE feeds (
    user_id   UUID   NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    library   BIGINT NOT NULL,
    playlists BIGINT NOT NULL
);
CREATE INDEX playlists_by_change ON playlists (owner_id, updated_ms);
CREATE INDEX songs_by_change ON songs (uploader_id, updated_ms);
