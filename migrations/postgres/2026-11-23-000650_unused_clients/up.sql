-- When an app that registered itself was last used: those that nobody uses leave. Whatever is there
-- already begins to count now.

ALTER TABLE registration_tokens ADD COLUMN last_used_at BIGINT NOT NULL DEFAULT 0;

UPDATE registration_tokens SET last_used_at = floor(extract(epoch FROM now()))::BIGINT * 1000000;

CREATE INDEX registration_tokens_last_used ON registration_tokens (last_used_at);
