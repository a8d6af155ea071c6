-- The networks an account may be signed in to from (S14): a list, sealed under the account's data key; NULL
-- is from everywhere. It lies with the account because every sign-in reads that row anyway.

ALTER TABLE users ADD COLUMN networks BLOB;
