DELETE FROM revisions WHERE topic = 'blocks';
DROP TABLE blocks;
