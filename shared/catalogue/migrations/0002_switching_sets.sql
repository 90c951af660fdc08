-- What was made of a version: the names of its switching sets, joined by commas.

ALTER TABLE versions ADD COLUMN sets TEXT NOT NULL DEFAULT 'aac,ogg';
