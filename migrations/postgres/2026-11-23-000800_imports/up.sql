-- How far the import of a file has got, so that it can go on after an interruption.

CREATE TABLE user_imports (
    file_digest BYTEA NOT NULL PRIMARY KEY,
    tag TEXT NOT NULL,
    records BIGINT NOT NULL,
    imported BIGINT NOT NULL,
    existing BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    finished_at BIGINT
);

-- Which foreign hashes were ever imported, without their salts: how slow they are is measured at the start.
CREATE TABLE foreign_schemes (
    template TEXT NOT NULL PRIMARY KEY
);
