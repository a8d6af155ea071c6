ALTER TABLE user_addresses DROP COLUMN refused_at;
