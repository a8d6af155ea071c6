-- What operators decided about incident levels and switches (INC-01, INC-05, INC-06). Rows are added and
-- never changed, so that the table is also the record of who closed and who opened. Nothing personal
-- lies here: operators' names, reasons, and texts meant for the public.

CREATE TABLE level_decisions (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    scope TEXT NOT NULL,
    level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 5),
    reason TEXT NOT NULL,
    from_at INTEGER NOT NULL,
    until_at INTEGER,
    text_ja TEXT NOT NULL,
    text_en TEXT NOT NULL,
    standing TEXT NOT NULL CHECK (standing IN ('in_force', 'asked')),
    confirms INTEGER UNIQUE REFERENCES level_decisions (number)
) STRICT;

CREATE TABLE switch_decisions (
    number INTEGER NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    operator TEXT NOT NULL,
    feature TEXT NOT NULL,
    works INTEGER NOT NULL CHECK (works IN (0, 1)),
    reason TEXT NOT NULL,
    until_at INTEGER
) STRICT;

INSERT INTO revisions (topic, number) VALUES ('levels', 0);
