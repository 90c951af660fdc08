-- How often a session was refreshed: each refresh leaves a token that must be known when it comes again.
ALTER TABLE sessions ADD COLUMN refreshes BIGINT NOT NULL DEFAULT 0;
