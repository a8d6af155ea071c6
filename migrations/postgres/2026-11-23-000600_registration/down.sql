DROP TABLE initial_access_tokens;
DROP TABLE registration_tokens;
