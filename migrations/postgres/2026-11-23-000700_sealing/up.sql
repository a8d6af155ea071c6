-- Which key-encryption key a value lies under is told by its first bytes: version, length, name.

CREATE INDEX users_sealed_under ON users (
    (CASE WHEN length(data_key) > 1 THEN substring(data_key FROM 1 FOR 2 + get_byte(data_key, 1)) END), id
);
CREATE INDEX passwords_sealed_under ON passwords (
    (CASE WHEN length(sealed) > 1 THEN substring(sealed FROM 1 FOR 2 + get_byte(sealed, 1)) END), user_id
);

-- Which keys each running node can open with, which it seals with, and how far it has got in moving
-- what others sealed.
CREATE TABLE key_holders (
    node TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    key_ids TEXT NOT NULL,
    current_key TEXT NOT NULL,
    since BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    moved BIGINT NOT NULL,
    moving_since BIGINT
);
