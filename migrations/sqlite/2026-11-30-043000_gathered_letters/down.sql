DELETE FROM outbox WHERE state = 'gathered';
DROP INDEX outbox_gathered;
ALTER TABLE outbox DROP COLUMN gathered_at;
ALTER TABLE outbox DROP COLUMN gathered_for;
