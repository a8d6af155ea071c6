-- Who makes an app, as an operator found out (REG-18). It counts as long as the app has the names and return
-- addresses that were looked at: their digest stands beside it.

CREATE TABLE client_publishers (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    publisher TEXT NOT NULL,
    identity BLOB NOT NULL
) STRICT;
