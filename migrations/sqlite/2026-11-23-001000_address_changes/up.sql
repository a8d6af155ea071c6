-- Changes of addresses that can be undone by a link mailed to the former ones. The former address lies sealed under the
-- user's data key, its index is keyed; a former sign-in address stays reserved as long as its row (REC-07).

CREATE TABLE address_changes (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    former BLOB,
    former_index BLOB,
    former_verified_at INTEGER,
    made_at INTEGER NOT NULL,
    undo_until INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
CREATE INDEX address_changes_user ON address_changes (user_id);
CREATE INDEX address_changes_former ON address_changes (former_index) WHERE kind = 'login';
CREATE INDEX address_changes_until ON address_changes (undo_until);

-- Digests of the links.
CREATE TABLE address_undo_links (
    digest BLOB NOT NULL PRIMARY KEY,
    change_id TEXT NOT NULL REFERENCES address_changes (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX address_undo_links_change ON address_undo_links (change_id);
