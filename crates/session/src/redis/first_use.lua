-- Remembers an id that may be used once.
-- KEYS[1] id   ARGV now, expires_at, keep_millis   ->   1 first use, 0 not
local expires_at = redis.call('GET', KEYS[1])
if expires_at and tonumber(expires_at) > tonumber(ARGV[1]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
