DROP TABLE address_quarantine;
DROP TABLE tombstones;
DROP INDEX users_leaving;
ALTER TABLE users DROP COLUMN leaving_told;
ALTER TABLE users DROP COLUMN leaves_at;
