DROP TABLE level_beginnings;
