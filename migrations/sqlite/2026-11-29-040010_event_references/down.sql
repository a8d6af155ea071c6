DROP INDEX events_reference;
