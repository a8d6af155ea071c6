DELETE FROM revisions WHERE topic = 'levels';
DROP TABLE switch_decisions;
DROP TABLE level_decisions;
