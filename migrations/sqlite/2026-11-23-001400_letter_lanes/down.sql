DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN urgency;
ALTER TABLE outbox DROP COLUMN lane;
CREATE INDEX outbox_due ON outbox (next_attempt_at) WHERE state = 'waiting';
