-- Replaces a parked value if it still is the version that was read.
-- KEYS[1] row   ARGV now, value, version, expires_at, keep_millis   ->   1 replaced, 0 not
local row = redis.call('HMGET', KEYS[1], 'version', 'expires_at')
if row[1] ~= ARGV[3] or tonumber(row[2]) <= tonumber(ARGV[1]) then
  return 0
end
local version = math.max(tonumber(row[1]) + 1, tonumber(ARGV[1]))
redis.call('HSET', KEYS[1], 'value', ARGV[2], 'version', string.format('%.0f', version),
  'expires_at', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
