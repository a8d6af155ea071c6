-- Which apps are to be told of the end of a session, and what became of it (Back-Channel Logout 1.0).

CREATE TABLE logout_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    uri TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    state TEXT NOT NULL,
    last_status BIGINT,
    last_error TEXT,
    done_at BIGINT,
    dead_at BIGINT
);
CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX logout_deliveries_done ON logout_deliveries (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX logout_deliveries_dead ON logout_deliveries (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX logout_deliveries_age ON logout_deliveries (created_at, id);
