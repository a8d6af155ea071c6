-- People quote the reference of an answer; operators look it up.

CREATE INDEX events_reference ON events (request_id) WHERE request_id <> '';
