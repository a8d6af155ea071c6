-- Ways back into an account: links that let a new password be chosen, waits at a known browser, recovery codes.

CREATE TABLE password_resets (
    digest BYTEA NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    mailbox TEXT NOT NULL,
    vouched BOOLEAN NOT NULL,
    epoch BIGINT NOT NULL,
    password_at BIGINT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);
CREATE INDEX password_resets_user ON password_resets (user_id);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);

-- Who has only one mailbox waits at a browser the account knows, and the owner is told meanwhile.
CREATE TABLE reset_waits (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    browser_id TEXT NOT NULL,
    password_at BIGINT,
    asked_at BIGINT NOT NULL
);
CREATE INDEX reset_waits_asked ON reset_waits (asked_at);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    made_at BIGINT NOT NULL,
    used_at BIGINT,
    PRIMARY KEY (user_id, digest)
);
