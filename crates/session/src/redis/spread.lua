-- Notes where something was seen, and counts the places since it was first seen.
-- KEYS[1] what   ARGV place, keep_millis   ->   how many places
-- The twin of memory/spread.rs.
redis.call('PFADD', KEYS[1], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return redis.call('PFCOUNT', KEYS[1])
