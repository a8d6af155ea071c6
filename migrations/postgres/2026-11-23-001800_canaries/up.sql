-- Canary accounts (INC-10). A row does not tell which account it is about: `mark` is a keyed digest, and
-- `sealed` is sealed under a key that lies outside the database, so that a thief cannot sort canaries out.

CREATE TABLE canaries (
    mark BYTEA NOT NULL PRIMARY KEY,
    sealed BYTEA NOT NULL
);
