DROP INDEX outbox_held;
ALTER TABLE outbox DROP COLUMN held_of;
ALTER TABLE outbox DROP COLUMN held_for;
