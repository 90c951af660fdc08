-- Whether an upload brought a master again of which its sender had a song already, so that no other one was made.
ALTER TABLE uploads ADD COLUMN duplicate BOOLEAN NOT NULL DEFAULT FALSE;
