DROP TABLE address_undo_links;
DROP TABLE address_changes;
