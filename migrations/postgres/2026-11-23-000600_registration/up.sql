-- What lets apps register themselves, and manage what they registered.

CREATE TABLE registration_tokens (
    client_id TEXT NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL,
    previous_digest BYTEA,
    previous_until BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE initial_access_tokens (
    digest BYTEA NOT NULL PRIMARY KEY,
    label TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    uses_left BIGINT NOT NULL
);
