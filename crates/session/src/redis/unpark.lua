-- Takes a parked value away.
-- KEYS[1] row   ARGV now   ->   value or nothing
local row = redis.call('HMGET', KEYS[1], 'value', 'expires_at')
redis.call('DEL', KEYS[1])
if not row[1] or tonumber(row[2]) <= tonumber(ARGV[1]) then
  return false
end
return row[1]
