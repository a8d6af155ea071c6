-- People: accounts, how they sign in, and the browsers they sign in from.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    locale TEXT NOT NULL,
    zone TEXT NOT NULL,
    alert TEXT NOT NULL,
    second_step BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    epoch_password BIGINT NOT NULL DEFAULT 0,
    epoch_session BIGINT NOT NULL DEFAULT 0,
    epoch_token BIGINT NOT NULL DEFAULT 0,
    epoch_browser BIGINT NOT NULL DEFAULT 0,
    data_key BYTEA NOT NULL,
    claims BYTEA NOT NULL
);

-- The address itself lies sealed; the blind index finds it. A code address may be shared, a login address not.
CREATE TABLE user_addresses (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    blind_index BYTEA NOT NULL,
    verified_at BIGINT,
    PRIMARY KEY (user_id, kind)
);
CREATE UNIQUE INDEX user_addresses_login ON user_addresses (blind_index) WHERE kind = 'login';

-- A table of its own, so that a database role can be kept away from it (KEY-12).
CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    changed_at BIGINT NOT NULL,
    must_change BOOLEAN NOT NULL
);

CREATE TABLE browser_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    browser_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    auth_time BIGINT NOT NULL,
    methods TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX browser_sessions_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_expiry ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_ended ON browser_sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE browsers (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    first_seen_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    trusted_until BIGINT,
    epoch BIGINT NOT NULL,
    user_agent TEXT NOT NULL
);
CREATE UNIQUE INDEX browsers_user_digest ON browsers (user_id, digest);

CREATE TABLE spent_challenges (
    id TEXT NOT NULL PRIMARY KEY,
    spent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_challenges_expiry ON spent_challenges (expires_at);
