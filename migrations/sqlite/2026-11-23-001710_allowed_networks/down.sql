ALTER TABLE users DROP COLUMN networks;
