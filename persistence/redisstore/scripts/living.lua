-- living returns the nodes of a list but me, and drops the entries that nobody
-- renewed.
local function living(key, me)
  local list = redis.call('GET', key)
  if not list then return nil end
  local out, kept, now, dead = {}, {}, nil, false
  for other, n, at in string.gmatch(list, '([^ \n]+) (%d+) (%d+)\n') do
    if other == me then
      kept[#kept + 1] = other .. ' ' .. n .. ' ' .. at .. '\n'
    else
      if not now then
        local t = redis.call('TIME')
        now = t[1] * 1000 + math.floor(t[2] / 1000)
      end
      if now - at < NODE_LIFE then
        out[#out + 1] = other
        kept[#kept + 1] = other .. ' ' .. n .. ' ' .. at .. '\n'
      else
        dead = true
      end
    end
  end
  if dead then
    if #kept == 0 then
      redis.call('DEL', key)
    else
      redis.call('SET', key, table.concat(kept), 'KEEPTTL')
    end
  end
  if #out == 0 then return nil end
  return out
end

-- publish joins strings so that they can be told apart again, whatever is in
-- them, each preceded by its length, and sends them to the nodes.
local function publish(nodes, parts)
  for i, s in ipairs(parts) do
    parts[i] = #s .. ':' .. s
  end
  local message = table.concat(parts)
  for _, node in ipairs(nodes) do
    redis.call('PUBLISH', CHANNEL .. node, message)
  end
end
