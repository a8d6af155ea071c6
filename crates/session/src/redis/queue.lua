-- Shows a ticket at a door that lets in so many a wave. The twin of memory/queue.rs and memory/turns.rs.
-- KEYS waiting, seen, state, turns, pass
-- ARGV now, ticket, wave, wave_size, most_waiting, deepest, pass, absent, front (times in microseconds), then of
--      each source of the ticket, the narrowest first: name, how many turns it has in a round
-- ->   {1, 0} inside, {2, ahead} waiting, {3, 0} no room
-- An order is round * 2^31 + number: sources take turns. The score of what a source has of a round is
-- round * 2^31 + how many turns are taken.
local waiting, seen, state, turns, pass = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local now, ticket = tonumber(ARGV[1]), ARGV[2]
local wave_size, deepest, round_size = tonumber(ARGV[4]), tonumber(ARGV[6]), 2147483648
local sources = (#ARGV - 9) / 2

local function whole(number)
  return string.format('%.0f', number)
end

-- 96 bits of a keyed digest are enough to tell sources apart.
local function member(source, round)
  return string.sub(ARGV[8 + 2 * source], 1, 16) .. ':' .. whole(round)
end

local function are_left(round)
  for source = 1, sources do
    local taken = redis.call('ZSCORE', turns, member(source, round))
    if taken and tonumber(taken) % round_size >= tonumber(ARGV[9 + 2 * source]) then
      return false
    end
  end
  return true
end

-- Takes a turn of each source in the first round in which all have one left. Sources fill rounds one after the
-- other, so the rounds without a turn left come first.
local function take(first)
  local low, high = first, first + deepest + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    if are_left(middle) then
      high = middle
    else
      low = middle + 1
    end
  end
  if low > first + deepest then
    return nil
  end
  for source = 1, sources do
    local name = member(source, low)
    local taken = redis.call('ZSCORE', turns, name) or low * round_size
    redis.call('ZADD', turns, whole(tonumber(taken) + 1), name)
  end
  return low
end

-- Forgets the turns of rounds that are over, and those that would be over next if there are too many.
local function forget(first)
  local border = '(' .. whole(first * round_size)
  local over = redis.call('ZRANGEBYSCORE', turns, '-inf', border, 'LIMIT', 0, 200)
  if #over > 0 then
    redis.call('ZREM', turns, unpack(over))
  end
  local extra = redis.call('ZCARD', turns) - tonumber(ARGV[5]) * sources
  if extra > 0 then
    redis.call('ZPOPMIN', turns, whole(math.min(extra, 200)))
  end
end

local until_when = redis.call('GET', pass)
if until_when and tonumber(until_when) > now then
  return {1, 0}
end
local before = whole(now - tonumber(ARGV[8]))
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', before, 'LIMIT', 0, 200)) do
  redis.call('ZREM', waiting, gone)
  redis.call('ZREM', seen, gone)
end
local wave = whole(math.floor(now / tonumber(ARGV[3])))
local kept = redis.call('HMGET', state, 'wave', 'admitted')
local admitted = kept[1] == wave and tonumber(kept[2]) or 0

if not redis.call('ZSCORE', waiting, ticket) then
  local length = redis.call('ZCARD', waiting)
  if length >= tonumber(ARGV[5]) then
    return {3, 0}
  end
  local first = 0
  if length == 0 then
    redis.call('UNLINK', turns)
  else
    first = math.floor(tonumber(redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')[2]) / round_size)
  end
  local round = take(first)
  if not round then
    return {3, 0}
  end
  forget(first)
  local number = redis.call('HINCRBY', state, 'number', 1) % round_size
  redis.call('ZADD', waiting, whole(round * round_size + number), ticket)
end
redis.call('ZADD', seen, whole(now), ticket)

local ahead = redis.call('ZRANK', waiting, ticket)
local inside = admitted < wave_size and ahead < tonumber(ARGV[9]) - admitted
if inside then
  redis.call('ZREM', waiting, ticket)
  redis.call('ZREM', seen, ticket)
  admitted = admitted + 1
  local keep = whole(math.max(1000, math.ceil(tonumber(ARGV[7]) / 1000)))
  redis.call('SET', pass, whole(now + tonumber(ARGV[7])), 'PX', keep)
end
redis.call('HSET', state, 'wave', wave, 'admitted', admitted)
for i = 1, 4 do
  redis.call('PEXPIRE', KEYS[i], 3600000)
end
if inside then
  return {1, 0}
end
return {2, ahead}
