DROP TABLE spent_challenges;
DROP TABLE browsers;
DROP TABLE browser_sessions;
DROP TABLE passwords;
DROP TABLE user_addresses;
DROP TABLE users;
