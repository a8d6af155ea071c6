-- Puts a new code in the place of the old one; tries and end stay (OTP-11).
-- The twin of memory/challenge.rs.
-- KEYS[1] challenge   ARGV mac, binding, now, expires_at, resend_after   ->   {outcome, figure}
local c = redis.call('HMGET', KEYS[1], 'mac', 'binding', 'sends_left', 'resend_after', 'closes_at',
  'replaced')
local now = tonumber(ARGV[3])
if not c[1] or c[2] ~= ARGV[2] or tonumber(c[5]) <= now then
  return {'gone', 0}
end
if tonumber(c[3]) < 1 then
  return {'exhausted', 0}
end
if tonumber(c[4]) > now then
  return {'too soon', c[4]}
end
local expires_at = ARGV[4]
if tonumber(c[5]) < tonumber(expires_at) then
  expires_at = c[5]
end
redis.call('HSET', KEYS[1], 'mac', ARGV[1], 'replaced', c[6] .. c[1], 'expires_at', expires_at,
  'resend_after', ARGV[5])
return {'renewed', redis.call('HINCRBY', KEYS[1], 'sends_left', -1)}
