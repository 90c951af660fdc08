-- An import asks for each file whether its master is there already.

CREATE INDEX songs_by_master ON songs (master);
