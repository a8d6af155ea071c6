-- What tells which cohort an account is in. When the password was chosen, and under which epoch, lies
-- here because whoever asks has no business in the table of passwords (KEY-12).

ALTER TABLE users ADD COLUMN cohort_tag TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN password_at BIGINT;
ALTER TABLE users ADD COLUMN password_epoch BIGINT NOT NULL DEFAULT 0;
UPDATE users SET password_at = (SELECT changed_at FROM passwords WHERE user_id = users.id);
CREATE INDEX users_cohort_tag ON users (cohort_tag) WHERE cohort_tag <> '';

-- Moves of epochs for a cohort: one row, however many accounts.
CREATE TABLE cohort_marks (
    epoch BIGINT NOT NULL PRIMARY KEY,
    kinds TEXT NOT NULL,
    cohort TEXT NOT NULL,
    reason TEXT NOT NULL,
    made_at BIGINT NOT NULL
);
