ALTER TABLE registration_tokens DROP COLUMN epoch;
ALTER TABLE access_tokens DROP COLUMN epoch;
