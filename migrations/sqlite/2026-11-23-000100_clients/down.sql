DROP TABLE revisions;
DROP TABLE epoch_counter;
DROP TABLE epochs;
DROP TABLE signing_keys;
DROP TABLE client_secrets;
DROP TABLE clients;
