-- A list of nodes is one string of lines "node count renewed": the nodes that
-- hold sockets of a conversation, or watch an inbox. Times are Redis' own, in
-- milliseconds, so that no node's clock decides over another's entry.

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

-- enter puts the node into the list and drops the entries that nobody renewed.
-- A beat keeps the count of an entry that is still there: it renews what an
-- attachment entered and is none itself.
local function enter(key, node, count, beat)
  local now, list = clock(), redis.call('GET', key)
  local out = {}
  if list then
    for other, n, at in string.gmatch(list, '([^ \n]+) (%d+) (%d+)\n') do
      if now - at < NODE_LIFE then
        if other ~= node then
          out[#out + 1] = other .. ' ' .. n .. ' ' .. at .. '\n'
        elseif beat or tonumber(n) > tonumber(count) then
          count = n
        end
      end
    end
  end
  out[#out + 1] = node .. ' ' .. count .. string.format(' %d\n', now)
  redis.call('SET', key, table.concat(out), 'PX', NODE_LIFE)
end

-- leave removes the node's entry unless a later attachment replaced it.
local function leave(key, node, count)
  local list = redis.call('GET', key)
  if not list then return end
  local out, gone = {}, false
  for other, n, at in string.gmatch(list, '([^ \n]+) (%d+) (%d+)\n') do
    if other == node and tonumber(n) <= tonumber(count) then
      gone = true
    else
      out[#out + 1] = other .. ' ' .. n .. ' ' .. at .. '\n'
    end
  end
  if not gone then return end
  if #out == 0 then
    redis.call('DEL', key)
  else
    redis.call('SET', key, table.concat(out), 'KEEPTTL')
  end
end
