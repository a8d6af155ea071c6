-- Whom operators and rules keep out, and whom they never do (S5). What is over is deleted when the next
-- block is made; the record of events keeps who decided what. Networks are those of attackers or of
-- offices, named by an operator or a rule, not of a person.

CREATE TABLE blocks (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    operator TEXT NOT NULL,
    target TEXT NOT NULL,
    effect TEXT NOT NULL CHECK (effect IN ('allow', 'strangers', 'everything')),
    reason TEXT NOT NULL,
    until_at BIGINT
);

INSERT INTO revisions (topic, number) VALUES ('blocks', 0);
