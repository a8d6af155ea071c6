-- Wrong passwords in a row (THR-02), by account and class of browsers; for names without an account as well, so
-- that they look the same. Keyed digests only. Here and not with the counters, because it outlives their window
-- and every restart.

CREATE TABLE password_runs (
    digest BYTEA NOT NULL PRIMARY KEY,
    account BYTEA NOT NULL,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);

CREATE INDEX password_runs_account ON password_runs (account);
CREATE INDEX password_runs_last_at ON password_runs (last_at);
