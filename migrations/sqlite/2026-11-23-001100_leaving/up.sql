-- How accounts and addresses go. `leaves_at`: from then on the account is erased; until then its owner can
-- keep it. Tombstones keep digests of what apps knew erased accounts by, so that it is never given again.
-- Quarantine keeps the blind indexes (keyed digests) of addresses that others may get from their provider.

ALTER TABLE users ADD COLUMN leaves_at INTEGER;
ALTER TABLE users ADD COLUMN leaving_told INTEGER NOT NULL DEFAULT 0;
CREATE INDEX users_leaving ON users (leaves_at) WHERE leaves_at IS NOT NULL;

CREATE TABLE tombstones (
    subject_digest BLOB NOT NULL PRIMARY KEY,
    buried_at INTEGER NOT NULL
) STRICT;

CREATE TABLE address_quarantine (
    blind_index BLOB NOT NULL PRIMARY KEY,
    released_at INTEGER NOT NULL,
    until INTEGER NOT NULL
) STRICT;
CREATE INDEX address_quarantine_until ON address_quarantine (until);
