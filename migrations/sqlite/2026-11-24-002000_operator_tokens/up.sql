-- Tokens that operators' programs call the API with (AD-10). The digest stands for the token, which is shown once.
-- Networks are those of operators. A row stays after the token ends, for the record.

CREATE TABLE operator_tokens (
    id TEXT NOT NULL PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    operator TEXT NOT NULL,
    permissions TEXT NOT NULL,
    networks TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    used_at INTEGER
) STRICT;
