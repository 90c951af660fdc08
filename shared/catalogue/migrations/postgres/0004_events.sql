-- What has happened, written with the change itself and told to others afterwards: the transactional outbox.
-- turn is the order in which it is told; published_ms says that it was.
CREATE TABLE outbox (
    turn         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id           UUID   NOT NULL,
    name         TEXT   NOT NULL,
    about        UUID   NOT NULL,
    payload      TEXT   NOT NULL,
    created_ms   BIGINT NOT NULL,
    published_ms BIGINT
);
CREATE INDEX outbox_unpublished ON outbox (turn) WHERE published_ms IS NULL;
CREATE INDEX outbox_published ON outbox (published_ms) WHERE published_ms IS NOT NULL;

-- What a consumer has done already: events come at least once, and are acted upon once.
CREATE TABLE inbox (
    consumer TEXT   NOT NULL,
    event_id UUID   NOT NULL,
    done_ms  BIGINT NOT NULL,
    PRIMARY KEY (consumer, event_id)
);
CREATE INDEX inbox_by_age ON inbox (done_ms);

-- What one process at a time does for all.
CREATE TABLE duties (
    name     TEXT   NOT NULL PRIMARY KEY,
    holder   UUID   NOT NULL,
    until_ms BIGINT NOT NULL
);
