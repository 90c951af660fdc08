-- Who somebody is at a provider of OpenID Connect: the provider's own name for them, which never changes and is never
-- given to another.
CREATE TABLE identities (
    issuer    TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    user_id   UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    linked_ms BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);
CREATE INDEX identities_by_user ON identities (user_id);

-- Logins that wait for the provider's answer. state and browser are the SHA-256 of what the provider is to send back
-- and of the cookie of the browser that began; nonce and verifier are what its answer is checked by.
-- Where there is a user_id, it is no login: that account is to be known by the provider from then on.
CREATE TABLE oidc_logins (
    state    BYTEA  NOT NULL PRIMARY KEY,
    browser  BYTEA  NOT NULL,
    nonce    TEXT   NOT NULL,
    verifier TEXT   NOT NULL,
    user_id  UUID   REFERENCES users (id) ON DELETE CASCADE,
    ends_ms  BIGINT NOT NULL
);
CREATE INDEX oidc_logins_by_end ON oidc_logins (ends_ms);
CREATE INDEX oidc_logins_by_user ON oidc_logins (user_id);

-- What the browser that began takes for a session, once: the SHA-256 of it.
CREATE TABLE oidc_grants (
    hash    BYTEA  NOT NULL PRIMARY KEY,
    browser BYTEA  NOT NULL,
    user_id UUID   NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    ends_ms BIGINT NOT NULL
);
CREATE INDEX oidc_grants_by_end ON oidc_grants (ends_ms);
CREATE INDEX oidc_grants_by_user ON oidc_grants (user_id);
