-- What the program does once, the next time that it opens the database, since SQL cannot: lower() of SQLite knows no letters
-- beyond ASCII, and songs and artists of earlier releases are found by names in lower case.
CREATE TABLE chores (
    name TEXT NOT NULL PRIMARY KEY
);
INSERT INTO chores (name) VALUES ('fold names');
