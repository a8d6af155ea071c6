DROP TABLE foreign_schemes;
DROP TABLE user_imports;
