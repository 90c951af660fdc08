-- What somebody listens to, wherever they are: one row for each user. session_id and device say who has it: what others
-- tell of their playbacks changes nothing, until they begin to play. context is the queue that the song is from, as
-- 'playlist:ID'. version counts what was done on purpose, not the seconds that pass.
CREATE TABLE players (
    user_id     UUID    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    song_id     UUID    NOT NULL REFERENCES songs (id) ON DELETE CASCADE,
    position_ms BIGINT  NOT NULL,
    playing     BOOLEAN NOT NULL,
    session_id  UUID,
    device      TEXT,
    context     TEXT,
    version     BIGINT  NOT NULL,
    at_ms       BIGINT  NOT NULL
);
CREATE INDEX players_by_song ON players (song_id);
