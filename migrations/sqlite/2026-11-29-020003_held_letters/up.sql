-- Letters that wait for something not to happen: that the password of an account was right and no code followed.
-- A finished sign-in takes them back (TD-07). "held_for" is the digest of the cookie of the browser, "held_of" the account.

ALTER TABLE outbox ADD COLUMN held_for BLOB;
ALTER TABLE outbox ADD COLUMN held_of TEXT;
CREATE INDEX outbox_held ON outbox (held_of, held_for) WHERE held_of IS NOT NULL;
