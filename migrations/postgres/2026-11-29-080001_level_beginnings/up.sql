-- Which planned levels were seen to begin: trust in browsers ends then, once, whichever node is first.

CREATE TABLE level_beginnings (
    number BIGINT NOT NULL PRIMARY KEY
);
