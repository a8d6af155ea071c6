-- Ways back into an account: links that let a new password be chosen, waits at a known browser, recovery codes.

CREATE TABLE password_resets (
    digest BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    mailbox TEXT NOT NULL,
    vouched INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    password_at INTEGER,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX password_resets_user ON password_resets (user_id);
CREATE INDEX password_resets_expiry ON password_resets (expires_at);

-- Who has only one mailbox waits at a browser the account knows, and the owner is told meanwhile.
CREATE TABLE reset_waits (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    browser_id TEXT NOT NULL,
    password_at INTEGER,
    asked_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reset_waits_asked ON reset_waits (asked_at);

CREATE TABLE recovery_codes (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    made_at INTEGER NOT NULL,
    used_at INTEGER,
    PRIMARY KEY (user_id, digest)
) STRICT;
