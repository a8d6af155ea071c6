DROP INDEX users_leaving_by_id;
DROP INDEX users_stopped_by_id;
