-- What lets apps register themselves, and manage what they registered.

CREATE TABLE registration_tokens (
    client_id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL,
    previous_digest BLOB,
    previous_until INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE initial_access_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    label TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    uses_left INTEGER NOT NULL
) STRICT;
