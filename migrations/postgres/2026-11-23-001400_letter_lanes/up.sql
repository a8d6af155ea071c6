-- Letters leave in the order of their urgency, and to each mail domain with a rate of its own no faster
-- than that. The lane is the domain as the configuration names it; all others share the empty lane.

ALTER TABLE outbox ADD COLUMN lane TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN urgency BIGINT NOT NULL DEFAULT 1;
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, urgency, next_attempt_at) WHERE state = 'waiting';
