-- What operators decided about incident levels and switches (INC-01, INC-05, INC-06). Rows are added and
-- never changed, so that the table is also the record of who closed and who opened. Nothing personal
-- lies here: operators' names, reasons, and texts meant for the public.

CREATE TABLE level_decisions (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    operator TEXT NOT NULL,
    scope TEXT NOT NULL,
    level BIGINT NOT NULL CHECK (level BETWEEN 0 AND 5),
    reason TEXT NOT NULL,
    from_at BIGINT NOT NULL,
    until_at BIGINT,
    text_ja TEXT NOT NULL,
    text_en TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('in_force', 'asked')),
    confirms BIGINT UNIQUE REFERENCES level_decisions (number)
);

CREATE TABLE switch_decisions (
    number BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    operator TEXT NOT NULL,
    feature TEXT NOT NULL,
    works BOOLEAN NOT NULL,
    reason TEXT NOT NULL,
    until_at BIGINT
);

INSERT INTO revisions (topic, number) VALUES ('levels', 0);
