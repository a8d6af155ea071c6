-- Since when a mail server has refused mail to a code address for good. A letter it takes ends that.

ALTER TABLE user_addresses ADD COLUMN refused_at BIGINT;
