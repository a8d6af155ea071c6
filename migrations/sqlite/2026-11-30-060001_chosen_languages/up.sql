-- Whether a person chose the language of their pages and mails. Of the accounts there are, nobody knows: what they
-- have had so far stays.

ALTER TABLE users ADD COLUMN locale_chosen INTEGER NOT NULL DEFAULT 1;
