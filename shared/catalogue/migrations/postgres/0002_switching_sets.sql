-- What was made of a version: the names of its switching sets, joined by commas, and whether there is a
-- DASH manifest.

ALTER TABLE versions ADD COLUMN sets TEXT NOT NULL DEFAULT 'aac,ogg';
ALTER TABLE versions ADD COLUMN dash BOOLEAN NOT NULL DEFAULT FALSE;
