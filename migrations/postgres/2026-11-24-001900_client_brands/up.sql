-- How the pages of an app look (WEB-12): colours, and a picture that was written anew by the server. Both
-- are shown to everybody.

CREATE TABLE client_brands (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES clients (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    colours TEXT,
    logo BYTEA
);
