-- Shows a ticket at a door that lets in so many a wave. The twin of memory/queue.rs.
-- KEYS waiting, seen, state, rounds, pass
-- ARGV now, ticket, source, wave, wave_size, most_waiting, deepest, pass, absent (times in microseconds)
-- ->   {1, 0} inside, {2, ahead} waiting, {3, 0} no room
-- An order is round * 2^31 + number: sources take turns, one ticket a round.
local waiting, seen, state, rounds, pass = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, ticket, source = tonumber(ARGV[1]), ARGV[2], ARGV[3]
local wave_size, turn = tonumber(ARGV[5]), 2147483648

local until_when = redis.call('GET', pass)
if until_when and tonumber(until_when) > now then
  return {1, 0}
end
local before = string.format('%.0f', now - tonumber(ARGV[9]))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', before, 'LIMIT', 0, 200)) do
  redis.call('ZREM', waiting, gone)
  redis.call('ZREM', seen, gone)
end
local wave = string.format('%.0f', math.floor(now / tonumber(ARGV[4])))
local kept = redis.call('HMGET', state, 'wave', 'admitted')
local admitted = kept[1] == wave and tonumber(kept[2]) or 0

if not redis.call('ZSCORE', waiting, ticket) then
  local length = redis.call('ZCARD', waiting)
  if length >= tonumber(ARGV[6]) then
    return {3, 0}
  end
  local first = 0
  if length == 0 then
    redis.call('DEL', rounds)
  else
    first = math.floor(tonumber(redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]) / turn)
  end
  local last = redis.call('HGET', rounds, source)
  local round = math.max(first, last and tonumber(last) + 1 or 0)
  if round - first > tonumber(ARGV[7]) then
    return {3, 0}
  end
  redis.call('HSET', rounds, source, string.format('%.0f', round))
  local number = redis.call('HINCRBY', state, 'number', 1) % turn
  redis.call('ZADD', waiting, string.format('%.0f', round * turn + number), ticket)
end
redis.call('ZADD', seen, string.format('%.0f', now), ticket)

local ahead = redis.call('ZRANK', waiting, ticket)
local inside = ahead < wave_size - admitted
if inside then
  redis.call('ZREM', waiting, ticket)
  redis.call('ZREM', seen, ticket)
  admitted = admitted + 1
  local keep = string.format('%.0f', math.max(1000, math.ceil(tonumber(ARGV[8]) / 1000)))
  redis.call('SET', pass, string.format('%.0f', now + tonumber(ARGV[8])), 'PX', keep)
end
redis.call('HSET', state, 'wave', wave, 'admitted', admitted)
for i = 1, 4 do
  redis.call('PEXPIRE', KEYS[i], 3600000)
end
if inside then
  return {1, 0}
end
return {2, ahead}
