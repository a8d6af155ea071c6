DROP TABLE key_holders;
DROP INDEX passwords_sealing_key;
DROP INDEX users_sealing_key;
