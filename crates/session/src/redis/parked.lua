-- Reads a parked value.
-- KEYS[1] row   ARGV now   ->   {value, version} or nothing
local row = redis.call('HMGET', KEYS[1], 'value', 'version', 'expires_at')
if not row[1] or tonumber(row[3]) <= tonumber(ARGV[1]) then
  return false
end
return {row[1], row[2]}
