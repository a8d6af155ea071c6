-- How the file of an import is read: its form, and whether its addresses are vouched for. Who goes on with it must
-- read it the same way.

ALTER TABLE user_imports ADD COLUMN terms TEXT NOT NULL DEFAULT '';
