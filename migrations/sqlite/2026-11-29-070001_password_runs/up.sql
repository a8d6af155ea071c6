-- Wrong passwords in a row (THR-02), by account and class of browsers; for names without an account as well, so
-- that they look the same. Keyed digests only. Here and not with the counters, because it outlives their window
-- and every restart.

CREATE TABLE password_runs (
    digest BLOB NOT NULL PRIMARY KEY,
    account BLOB NOT NULL,
    failures INTEGER NOT NULL,
    last_at INTEGER NOT NULL
);

CREATE INDEX password_runs_account ON password_runs (account);
CREATE INDEX password_runs_last_at ON password_runs (last_at);
