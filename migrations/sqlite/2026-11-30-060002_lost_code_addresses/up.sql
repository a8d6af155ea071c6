-- A code address that is said to be lost: another one can be set from `due_at` to `ends_at`. The digest stands for the
-- link that stops it, which only mails hold; nothing here is sealed.

CREATE TABLE code_address_losses (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    asked_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    password_at INTEGER
) STRICT;
CREATE UNIQUE INDEX code_address_losses_digest ON code_address_losses (digest);
CREATE INDEX code_address_losses_ends ON code_address_losses (ends_at);
