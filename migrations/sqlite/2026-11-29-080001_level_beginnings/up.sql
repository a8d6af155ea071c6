-- Which planned levels were seen to begin: trust in browsers ends then, once, whichever node is first.

CREATE TABLE level_beginnings (
    number INTEGER NOT NULL PRIMARY KEY
) STRICT;
