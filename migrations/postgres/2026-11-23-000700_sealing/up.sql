-- Which key-encryption key a value lies under is told by its first bytes: version, length, name.

CREATE INDEX users_sealing_key ON users (
    (CASE WHEN length(data_key) > 1 THEN substring(data_key FROM 1 FOR 2 + get_byte(data_key, 1)) END), id
);
CREATE INDEX passwords_sealing_key ON passwords (
    (CASE WHEN length(sealed) > 1 THEN substring(sealed FROM 1 FOR 2 + get_byte(sealed, 1)) END), user_id
);

-- Which keys each running node can open with, and which it seals with.
CREATE TABLE key_holders (
    node TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    key_ids TEXT NOT NULL,
    current_key TEXT NOT NULL,
    since BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
