-- Playlists, what stands in them, who else may see or edit them. place orders the entries of a playlist, compared byte
-- by byte; where the places have become long they are all written anew, and arrangement counts how often. version
-- counts all changes.
CREATE TABLE playlists (
    id          UUID    NOT NULL PRIMARY KEY,
    owner_id    UUID    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name        TEXT    NOT NULL,
    description TEXT    NOT NULL,
    public      BOOLEAN NOT NULL,
    songs       BIGINT  NOT NULL,
    version     BIGINT  NOT NULL,
    arrangement BIGINT  NOT NULL,
    created_ms  BIGINT  NOT NULL,
    updated_ms  BIGINT  NOT NULL
);
CREATE INDEX playlists_by_owner ON playlists (owner_id, id);

CREATE TABLE playlist_entries (
    id          UUID   NOT NULL PRIMARY KEY,
    playlist_id UUID   NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    place       BYTEA  NOT NULL,
    song_id     UUID   NOT NULL REFERENCES songs (id) ON DELETE CASCADE,
    added_by    UUID            REFERENCES users (id) ON DELETE SET NULL,
    added_ms    BIGINT NOT NULL
);
CREATE UNIQUE INDEX playlist_entries_by_place ON playlist_entries (playlist_id, place);
CREATE INDEX playlist_entries_by_song ON playlist_entries (song_id, playlist_id);
CREATE INDEX playlist_entries_by_adder ON playlist_entries (added_by);

-- Those beside the owner.
CREATE TABLE playlist_members (
    playlist_id UUID   NOT NULL REFERENCES playlists (id) ON DELETE CASCADE,
    user_id     UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role        TEXT   NOT NULL CHECK (role IN ('viewer', 'editor')),
    since_ms    BIGINT NOT NULL,
    PRIMARY KEY (playlist_id, user_id)
);
CREATE INDEX playlist_members_by_user ON playlist_members (user_id, playlist_id);
