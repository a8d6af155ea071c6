DROP TABLE password_runs;
