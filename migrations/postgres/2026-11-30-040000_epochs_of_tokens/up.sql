-- Opaque tokens of machines, and tokens that manage a registration, carry the epoch of their issue as everything else
-- does (INC-07). Those that manage a registration count on; the others live for minutes, and are void if any epoch of
-- theirs ever moved.

ALTER TABLE access_tokens ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE registration_tokens ADD COLUMN epoch BIGINT NOT NULL DEFAULT 0;
UPDATE registration_tokens SET epoch = (SELECT number FROM epoch_counter);
