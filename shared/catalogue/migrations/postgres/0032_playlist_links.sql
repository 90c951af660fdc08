-- Whoever has the token may look at the playlist, and become a member of it with that role.
CREATE TABLE playlist_links (
    id          UUID   NOT NULL PRIMARY KEY,
    playlist_id UUID   NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    token       TEXT   NOT NULL UNIQUE,
    role        TEXT   NOT NULL CHECK (role IN ('viewer', 'editor')),
    created_ms  BIGINT NOT NULL
);
CREATE INDEX playlist_links_by_playlist ON playlist_links (playlist_id, id);
