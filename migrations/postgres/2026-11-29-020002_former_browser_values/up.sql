-- What the cookie of a trusted browser held before: each sign-in replaces it, so whoever still shows a former value
-- has a copy, or the one who has the present value does (TD-01). A row is of use as long as the trust may be.

CREATE TABLE former_browser_values (
    user_id TEXT NOT NULL,
    digest BYTEA NOT NULL,
    browser_id TEXT NOT NULL REFERENCES browsers (id) ON DELETE CASCADE,
    replaced_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, digest)
);
CREATE INDEX former_browser_values_browser ON former_browser_values (browser_id);
CREATE INDEX former_browser_values_expires ON former_browser_values (expires_at);
