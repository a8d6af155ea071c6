-- Counts one act against several limits, or against none if one is reached (THR-07).
-- The twin of memory/counter.rs and memory/window.rs.
-- KEYS counters   ARGV now, 'count' or 'look', then for each key: max, window
-- ->   {0, 0} within, or {position of the limit that lasts longest, until when}
-- A counter is a list of {first, last, acts}, oldest first. Beyond 16 entries, acts closer together
-- than a sixteenth of the window share one; an entry counts until `last` is a window ago.
local now = tonumber(ARGV[1])

local function load(key, window)
  local entries = {}
  local packed = redis.call('GET', key)
  if packed then
    for _, entry in ipairs(cmsgpack.unpack(packed)) do
      if entry[2] + window > now then
        entries[#entries + 1] = entry
      end
    end
  end
  return entries
end

local function reached(entries, max, window)
  if max == 0 then
    return now + window
  end
  local acts = 0
  for i = #entries, 1, -1 do
    acts = acts + entries[i][3]
    if acts >= max then
      return entries[i][2] + window
    end
  end
  return now
end

local function add(entries, window)
  local newest = entries[#entries]
  if #entries >= 16 and now < newest[1] + math.floor(window / 16) then
    newest[1] = math.min(newest[1], now)
    newest[2] = math.max(newest[2], now)
    newest[3] = newest[3] + 1
  else
    entries[#entries + 1] = {now, now, 1}
  end
end

local counters = {}
local which, longest = 0, now
for i, key in ipairs(KEYS) do
  local max, window = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  counters[i] = {key, load(key, window), window}
  local until_when = reached(counters[i][2], max, window)
  if until_when > longest then
    which, longest = i, until_when
  end
end
if which > 0 then
  return {which, string.format('%.0f', longest)}
end
if ARGV[2] == 'count' then
  for _, counter in ipairs(counters) do
    add(counter[2], counter[3])
    local keep = math.max(1000, math.ceil(counter[3] / 1000))
    redis.call('SET', counter[1], cmsgpack.pack(counter[2]), 'PX', string.format('%.0f', keep))
  end
end
return {0, '0'}
