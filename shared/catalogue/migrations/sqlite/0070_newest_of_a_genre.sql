-- What came out last of one kind: found without looking at everything of that kind.
CREATE INDEX songs_by_genre_release ON songs (genre_key, released_ms, id);
