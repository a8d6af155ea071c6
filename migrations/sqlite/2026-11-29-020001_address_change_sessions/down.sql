ALTER TABLE address_changes DROP COLUMN made_in;
