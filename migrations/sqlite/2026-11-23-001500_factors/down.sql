DROP TABLE factor_losses;
DROP TABLE factors;
