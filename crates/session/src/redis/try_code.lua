-- Tries a code: counted before it is compared (THR-07). The twin of memory/challenge.rs.
-- KEYS[1] challenge   ARGV mac, binding, now   ->   {outcome, tries left}
-- Lua interns strings, so == compares addresses; and both sides are keyed digests (OTP-14).
local c = redis.call('HMGET', KEYS[1], 'mac', 'binding', 'tries_left', 'expires_at', 'closes_at',
  'replaced')
local now = tonumber(ARGV[3])
if not c[1] or c[2] ~= ARGV[2] or tonumber(c[3]) < 1 or tonumber(c[5]) <= now then
  return {'gone', 0}
end
if tonumber(c[4]) <= now then
  return {'expired', 0}
end
local left = redis.call('HINCRBY', KEYS[1], 'tries_left', -1)
if c[1] == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return {'right', 0}
end
if left < 1 then
  redis.call('DEL', KEYS[1])
  return {'stopped', 0}
end
for start = 1, #c[6], 32 do
  if string.sub(c[6], start, start + 31) == ARGV[1] then
    return {'earlier', left}
  end
end
return {'wrong', left}
