-- Parks a value, in place of what was there.
-- KEYS[1] row   ARGV now, value, expires_at, keep_millis
-- Versions follow the clock, so that a value parked anew is never taken for the one before.
local before = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
local version = math.max(before + 1, tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'version', string.format('%.0f', version),
  'expires_at', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
