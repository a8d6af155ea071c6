DROP TABLE client_publishers;
