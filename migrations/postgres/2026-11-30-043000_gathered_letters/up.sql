-- Letters of one kind to one person within a short time leave together (TD-07). "gathered_for" is what they have in
-- common, "gathered_at" when their set leaves; those after the first of a set have the state "gathered".

ALTER TABLE outbox ADD COLUMN gathered_for BYTEA;
ALTER TABLE outbox ADD COLUMN gathered_at BIGINT;
CREATE INDEX outbox_gathered ON outbox (gathered_for, gathered_at) WHERE gathered_for IS NOT NULL;
