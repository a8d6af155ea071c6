-- In which session an address was changed: whoever says that the session was somebody else's has the change undone
-- (TD-08). Older changes name none.

ALTER TABLE address_changes ADD COLUMN made_in TEXT;
