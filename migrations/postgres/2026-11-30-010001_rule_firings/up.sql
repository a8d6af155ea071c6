-- What detection rules found, while it holds (THR-15): a firing counts once on all nodes, and what was done can be
-- taken back when its rule is changed. `content` tells one version of a rule from the next; `block` is what it placed.

CREATE TABLE rule_firings (
    mark BYTEA NOT NULL PRIMARY KEY,
    rule TEXT NOT NULL,
    content BYTEA NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    until_at BIGINT NOT NULL,
    block BIGINT
);

CREATE INDEX rule_firings_by_end ON rule_firings (until_at);

-- Touches of canaries that were told (INC-10). `mark` is a keyed digest and does not tell which account it is.

CREATE TABLE canary_touches (
    mark BYTEA NOT NULL PRIMARY KEY,
    until_at BIGINT NOT NULL
);

CREATE INDEX canary_touches_by_end ON canary_touches (until_at);

-- Numbers that only grow, agreed by all nodes: up to when the record was watched, which advisories are the newest.

CREATE TABLE high_marks (
    name TEXT NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);
