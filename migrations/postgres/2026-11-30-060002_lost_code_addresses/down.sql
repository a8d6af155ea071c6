DROP TABLE code_address_losses;
