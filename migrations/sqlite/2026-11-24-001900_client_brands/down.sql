DROP TABLE client_brands;
