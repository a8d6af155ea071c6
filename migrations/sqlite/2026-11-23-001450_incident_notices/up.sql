-- What operators tell many people about an incident. The texts are public: anyone can check at /notice
-- that a mail is real. Who was told stands nowhere; letters go out in the order of the accounts' ids.

CREATE TABLE incident_notices (
    id TEXT NOT NULL PRIMARY KEY,
    cohort TEXT NOT NULL,
    texts TEXT NOT NULL,
    happened_at INTEGER NOT NULL,
    made_at INTEGER NOT NULL,
    state TEXT NOT NULL,
    told_to TEXT,
    told INTEGER NOT NULL
) STRICT;
CREATE INDEX incident_notices_sending ON incident_notices (made_at) WHERE state = 'sending';
