-- How somebody likes to listen. language is a tag of RFC 5646; where there is none, that of their device counts.
ALTER TABLE users ADD COLUMN quality TEXT NOT NULL DEFAULT 'auto'
    CHECK (quality IN ('auto', 'low', 'normal', 'high'));
ALTER TABLE users ADD COLUMN language TEXT;
ALTER TABLE users ADD COLUMN explicit BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE users ADD COLUMN normalize_volume BOOLEAN NOT NULL DEFAULT TRUE;
