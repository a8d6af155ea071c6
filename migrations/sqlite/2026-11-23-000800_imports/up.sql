-- How far the import of a file has got, so that it can go on after an interruption.

CREATE TABLE user_imports (
    file_digest BLOB NOT NULL PRIMARY KEY,
    tag TEXT NOT NULL,
    records INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    existing INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

-- Which foreign hashes were ever imported, without their salts: how slow they are is measured at the start.
CREATE TABLE foreign_schemes (
    template TEXT NOT NULL PRIMARY KEY
) STRICT;
