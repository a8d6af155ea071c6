-- Which key-encryption key a value lies under is told by its first bytes: version, length, name.

CREATE INDEX users_sealed_under ON users (
    substr(data_key, 1, 2 + unicode(CAST(substr(data_key, 2, 1) AS TEXT))), id
);
CREATE INDEX passwords_sealed_under ON passwords (
    substr(sealed, 1, 2 + unicode(CAST(substr(sealed, 2, 1) AS TEXT))), user_id
);

-- Which keys each running node can open with, which it seals with, and how far it has got in moving
-- what others sealed.
CREATE TABLE key_holders (
    node TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL,
    key_ids TEXT NOT NULL,
    current_key TEXT NOT NULL,
    since INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    moved INTEGER NOT NULL,
    moving_since INTEGER
) STRICT;
