-- What the link "this was not me" of a mail about a sign-in opens. The digest stands for the link, which only
-- the mail holds; nothing here is sealed.

CREATE TABLE not_me_links (
    digest BLOB NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    event_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT;
CREATE INDEX not_me_links_user ON not_me_links (user_id);
CREATE INDEX not_me_links_expiry ON not_me_links (expires_at);
