-- Invitations to make an account. The digest stands for the link, which only the operator and who was invited
-- have. The address an invitation is bound to lies sealed under the key ring, its index is keyed; both go when it
-- is used.

CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    address BYTEA,
    address_index BYTEA,
    made_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT,
    used_by TEXT
);
CREATE INDEX invitations_expiry ON invitations (expires_at);
CREATE INDEX invitations_sealed_under ON invitations (
    (CASE WHEN length(address) > 1 THEN substring(address FROM 1 FOR 2 + get_byte(address, 1)) END), id
);
