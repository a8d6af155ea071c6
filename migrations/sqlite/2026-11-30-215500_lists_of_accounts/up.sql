-- Lists of those who are stopped or leave go page by page by id; each are few among many.

CREATE INDEX users_stopped_by_id ON users (id) WHERE state = 'disabled';
CREATE INDEX users_leaving_by_id ON users (id) WHERE leaves_at IS NOT NULL;
