-- Notes where something was seen, and counts the places since it was first seen.
-- KEYS[1] what   ARGV keep_millis, places   ->   how many places
-- The twin of memory/spread.rs.
for n = 2, #ARGV do
  redis.call('PFADD', KEYS[1], ARGV[n])
end
if redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return redis.call('PFCOUNT', KEYS[1])
