-- A picture of somebody in sizes, the largest first, as covers are: `hash:WIDTHxHEIGHT` with spaces between; each is the object
-- `artwork/{hash}.jpg`. It takes the place of a column that nobody ever wrote.
ALTER TABLE users DROP COLUMN avatar_url;
ALTER TABLE users ADD COLUMN avatar TEXT;
