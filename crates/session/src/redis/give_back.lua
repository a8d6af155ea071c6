-- Takes back one act that was counted at a moment. The twin of memory/window.rs.
-- KEYS counters   ARGV counted_at
local at = tonumber(ARGV[1])

local function without_one(entries)
  local left, found = {}, false
  for _, entry in ipairs(entries) do
    if not found and entry[1] <= at and at <= entry[2] then
      found = true
      entry[3] = entry[3] - 1
    end
    if entry[3] > 0 then
      left[#left + 1] = entry
    end
  end
  return left
end

for _, key in ipairs(KEYS) do
  local packed = redis.call('GET', key)
  if packed then
    local left = without_one(cmsgpack.unpack(packed))
    if #left > 0 then
      redis.call('SET', key, cmsgpack.pack(left), 'KEEPTTL')
    else
      redis.call('DEL', key)
    end
  end
end
return 1
