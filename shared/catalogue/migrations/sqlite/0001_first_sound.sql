-- Users, artists, albums, songs, versions and the job queue. The dialect is the one that SQLite and
-- PostgreSQL share, but for the types of ids: BLOB holds the 16 bytes of a UUID. Times are
-- milliseconds since 1970.

CREATE TABLE users (
    id            BLOB   NOT NULL PRIMARY KEY,
    username      TEXT   NOT NULL UNIQUE,
    password_hash TEXT   NOT NULL,
    role          TEXT   NOT NULL CHECK (role IN ('listener', 'artist', 'admin')),
    created_ms    BIGINT NOT NULL
);

CREATE TABLE artists (
    id         BLOB   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL UNIQUE,
    created_ms BIGINT NOT NULL
);

-- A song without an album gets a single-song album: those may share a title.
CREATE TABLE albums (
    id          BLOB    NOT NULL PRIMARY KEY,
    artist_id   BLOB    NOT NULL REFERENCES artists (id),
    title       TEXT    NOT NULL,
    single_song BOOLEAN NOT NULL,
    created_ms  BIGINT  NOT NULL
);
CREATE UNIQUE INDEX albums_by_title ON albums (artist_id, title) WHERE NOT single_song;

-- All states of the life of a song are allowed from the start, since SQLite cannot alter a CHECK.
CREATE TABLE songs (
    id           BLOB   NOT NULL PRIMARY KEY,
    artist_id    BLOB   NOT NULL REFERENCES artists (id),
    album_id     BLOB   NOT NULL REFERENCES albums (id),
    uploader_id  BLOB   NOT NULL REFERENCES users (id),
    title        TEXT   NOT NULL,
    genre        TEXT,
    release_year INTEGER,
    master       TEXT   NOT NULL,
    file_name    TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK
        (state IN ('uploading', 'queued', 'processing', 'ready', 'failed', 'withdrawn')),
    failure      TEXT,
    created_ms   BIGINT NOT NULL,
    updated_ms   BIGINT NOT NULL
);
CREATE INDEX songs_by_state ON songs (state, id);
CREATE INDEX songs_by_uploader ON songs (uploader_id, id);

-- Artist and album are those of the object keys: fixed when the song was packaged.
CREATE TABLE versions (
    song_id     BLOB   NOT NULL REFERENCES songs (id),
    version     TEXT   NOT NULL,
    artist_id   BLOB   NOT NULL REFERENCES artists (id),
    album_id    BLOB   NOT NULL REFERENCES albums (id),
    duration_ms BIGINT NOT NULL,
    created_ms  BIGINT NOT NULL,
    PRIMARY KEY (song_id, version)
);

-- The one row that says what listeners get; switching it is atomic.
CREATE TABLE current_versions (
    song_id BLOB NOT NULL PRIMARY KEY,
    version TEXT NOT NULL,
    FOREIGN KEY (song_id, version) REFERENCES versions (song_id, version)
);

-- due_ms: when a worker may take an open job. Where nobody holds it, its turn; where somebody does,
-- the end of the lease.
CREATE TABLE jobs (
    id         BLOB    NOT NULL PRIMARY KEY,
    song_id    BLOB    NOT NULL REFERENCES songs (id),
    state      TEXT    NOT NULL CHECK (state IN ('open', 'done', 'failed')),
    attempts   INTEGER NOT NULL,
    due_ms     BIGINT  NOT NULL,
    lease      BLOB,
    last_error TEXT,
    created_ms BIGINT  NOT NULL,
    updated_ms BIGINT  NOT NULL
);
CREATE INDEX jobs_by_turn ON jobs (due_ms, id) WHERE state = 'open';
