DROP TABLE cohort_marks;
DROP INDEX users_cohort_tag;
ALTER TABLE users DROP COLUMN password_epoch;
ALTER TABLE users DROP COLUMN password_at;
ALTER TABLE users DROP COLUMN cohort_tag;
