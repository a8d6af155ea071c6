DROP TABLE key_holders;
DROP INDEX passwords_sealed_under;
DROP INDEX users_sealed_under;
