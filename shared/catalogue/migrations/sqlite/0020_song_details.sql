-- What artists say about songs and albums, when and where songs may be heard, and what they are found by. A key is a
-- name in lower case; territories are codes of ISO 3166-1 with a space between, none for everywhere; edition counts the
-- changes of a row.
ALTER TABLE songs ADD COLUMN explicit BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE songs ADD COLUMN isrc TEXT;
ALTER TABLE songs ADD COLUMN track BIGINT;
ALTER TABLE songs ADD COLUMN draft BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE songs ADD COLUMN available_from_ms BIGINT;
ALTER TABLE songs ADD COLUMN available_until_ms BIGINT;
ALTER TABLE songs ADD COLUMN territories TEXT;
ALTER TABLE songs ADD COLUMN edition BIGINT NOT NULL DEFAULT 1;
ALTER TABLE songs ADD COLUMN title_key TEXT NOT NULL DEFAULT '';
ALTER TABLE songs ADD COLUMN genre_key TEXT;
ALTER TABLE songs ADD COLUMN released_ms BIGINT NOT NULL DEFAULT 0;
UPDATE songs SET title_key = lower(title), genre_key = lower(genre), released_ms = created_ms;
CREATE INDEX songs_by_title ON songs (title_key, id);
CREATE INDEX songs_by_genre ON songs (genre_key, id);
CREATE INDEX songs_by_year ON songs (release_year, id);
CREATE INDEX songs_by_release ON songs (released_ms, id);

ALTER TABLE artists ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
UPDATE artists SET name_key = lower(name);
CREATE INDEX artists_by_name ON artists (name_key, id);

ALTER TABLE albums ADD COLUMN upc TEXT;
ALTER TABLE albums ADD COLUMN edition BIGINT NOT NULL DEFAULT 1;

CREATE TABLE genres (
    genre_key TEXT NOT NULL PRIMARY KEY,
    name      TEXT NOT NULL
);
INSERT INTO genres (genre_key, name)
    SELECT genre_key, MIN(genre) FROM songs WHERE genre_key IS NOT NULL GROUP BY genre_key;

-- Who made a song, in the order in which they are named; join_phrase stands behind the name.
CREATE TABLE credits (
    song_id     BLOB   NOT NULL REFERENCES songs (id),
    place       BIGINT NOT NULL,
    artist_id   BLOB   NOT NULL REFERENCES artists (id),
    role        TEXT   NOT NULL,
    join_phrase TEXT   NOT NULL,
    PRIMARY KEY (song_id, place)
);
CREATE INDEX credits_by_artist ON credits (artist_id, song_id);

-- How much a song was played lately: the logarithm of the sum of its plays, each worth twice what one a half-life
-- earlier is. It does not change with time, so that it can be ordered by.
CREATE TABLE trends (
    song_id   BLOB   NOT NULL PRIMARY KEY REFERENCES songs (id),
    genre_key TEXT,
    score     DOUBLE PRECISION NOT NULL
);
CREATE INDEX trends_by_score ON trends (score);
CREATE INDEX trends_by_genre ON trends (genre_key, score);

-- Plays of a song by day: days since 1970, UTC.
CREATE TABLE plays (
    song_id BLOB   NOT NULL REFERENCES songs (id),
    day     BIGINT NOT NULL,
    plays   BIGINT NOT NULL,
    PRIMARY KEY (song_id, day)
);
