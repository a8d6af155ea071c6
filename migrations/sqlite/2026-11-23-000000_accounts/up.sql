-- People: accounts, how they sign in, and the browsers they sign in from.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    locale TEXT NOT NULL,
    zone TEXT NOT NULL,
    alert TEXT NOT NULL,
    second_step INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    epoch_password INTEGER NOT NULL DEFAULT 0,
    epoch_session INTEGER NOT NULL DEFAULT 0,
    epoch_token INTEGER NOT NULL DEFAULT 0,
    epoch_browser INTEGER NOT NULL DEFAULT 0,
    data_key BLOB NOT NULL,
    claims BLOB NOT NULL
) STRICT;

-- The address itself lies sealed; the blind index finds it. A code address may be shared, a login address not.
CREATE TABLE user_addresses (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    sealed BLOB NOT NULL,
    blind_index BLOB NOT NULL,
    verified_at INTEGER,
    PRIMARY KEY (user_id, kind)
) STRICT;
CREATE UNIQUE INDEX user_addresses_login ON user_addresses (blind_index) WHERE kind = 'login';

-- A table of its own, so that a database role can be kept away from it (KEY-12).
CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    sealed BLOB NOT NULL,
    key_id TEXT NOT NULL,
    changed_at INTEGER NOT NULL,
    must_change INTEGER NOT NULL
) STRICT;

CREATE TABLE browser_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    browser_id TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    methods TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX browser_sessions_user ON browser_sessions (user_id);
CREATE INDEX browser_sessions_expiry ON browser_sessions (expires_at);
CREATE INDEX browser_sessions_ended ON browser_sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE browsers (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    first_seen_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    trusted_until INTEGER,
    epoch INTEGER NOT NULL,
    user_agent TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX browsers_user_digest ON browsers (user_id, digest);

CREATE TABLE spent_challenges (
    id TEXT NOT NULL PRIMARY KEY,
    spent_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_challenges_expiry ON spent_challenges (expires_at);
