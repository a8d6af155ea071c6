DROP TABLE recovery_codes;
DROP TABLE reset_waits;
DROP TABLE password_resets;
