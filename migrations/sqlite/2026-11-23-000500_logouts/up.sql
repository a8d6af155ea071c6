-- Which apps are to be told of the end of a session, and what became of it (Back-Channel Logout 1.0).

CREATE TABLE logout_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    uri TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    last_status INTEGER,
    last_error TEXT,
    done_at INTEGER,
    dead_at INTEGER
) STRICT;
CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX logout_deliveries_done ON logout_deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX logout_deliveries_dead ON logout_deliveries (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX logout_deliveries_age ON logout_deliveries (created_at, id);
