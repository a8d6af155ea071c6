-- What operators are told by themselves (AU-10, INC-05). A row of the first table stands for an event that
-- nobody was told of yet, or was; the second is the ledger of webhooks. Nothing personal lies here beyond
-- ids of accounts in the bodies of webhooks.

CREATE TABLE operator_alerts (
    event_id TEXT NOT NULL PRIMARY KEY,
    topic TEXT NOT NULL,
    at INTEGER NOT NULL,
    told_at INTEGER
) STRICT;
CREATE INDEX operator_alerts_waiting ON operator_alerts (topic, at) WHERE told_at IS NULL;
CREATE INDEX operator_alerts_told ON operator_alerts (topic, told_at);

CREATE TABLE webhook_deliveries (
    id TEXT NOT NULL PRIMARY KEY,
    hook TEXT NOT NULL,
    body TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    last_status INTEGER,
    last_error TEXT,
    ended_at INTEGER
) STRICT;
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (next_attempt_at) WHERE state = 'waiting';
CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (ended_at);
