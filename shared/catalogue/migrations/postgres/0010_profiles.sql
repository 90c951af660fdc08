-- Who somebody is beside their name, and what they pay for. email is in lower case; accounts of before have none.
-- playback_from_ms: playback tokens that were issued before it are revoked; none where nothing ever was.
ALTER TABLE users ADD COLUMN email TEXT;
ALTER TABLE users ADD COLUMN display_name TEXT;
ALTER TABLE users ADD COLUMN avatar_url TEXT;
ALTER TABLE users ADD COLUMN plan TEXT NOT NULL DEFAULT 'free' CHECK (plan IN ('free', 'premium'));
ALTER TABLE users ADD COLUMN playback_from_ms BIGINT;
CREATE UNIQUE INDEX users_by_email ON users (email);

-- Whoever runs it has always heard everything.
UPDATE users SET plan = 'premium' WHERE role = 'admin';
