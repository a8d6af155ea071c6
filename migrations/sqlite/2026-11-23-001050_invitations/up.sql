-- Invitations to make an account. The digest stands for the link, which only the operator and who was invited
-- have. The address an invitation is bound to lies sealed under the key ring, its index is keyed; both go when it
-- is used.

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    address BLOB,
    address_index BLOB,
    made_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER,
    used_by TEXT
) STRICT;
CREATE INDEX invitations_expiry ON invitations (expires_at);
CREATE INDEX invitations_sealed_under ON invitations (
    substr(address, 1, 2 + unicode(CAST(substr(address, 2, 1) AS TEXT))), id
);
