-- The value all agree on: the one that is there, or else this one.
-- KEYS[1] name   ARGV candidate, keep_millis   ->   the value
-- The twin of memory/spread.rs.
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
return redis.call('GET', KEYS[1])
