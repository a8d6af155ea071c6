DROP INDEX registration_tokens_last_used;
ALTER TABLE registration_tokens DROP COLUMN last_used_at;
