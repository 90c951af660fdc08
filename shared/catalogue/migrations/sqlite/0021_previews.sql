-- Private links to songs that are not out yet: whoever has the secret may hear the song.
CREATE TABLE previews (
    id         BLOB   NOT NULL PRIMARY KEY,
    song_id    BLOB   NOT NULL REFERENCES songs (id),
    secret     BLOB   NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL
);
CREATE INDEX previews_by_song ON previews (song_id, id);
