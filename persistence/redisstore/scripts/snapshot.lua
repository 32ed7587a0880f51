-- snapshot returns the heads of a conversation and of its visitor's profile with
-- what they hold, in the order in which Go reads it. Beside the packed head "h" and
-- the state "st" a conversation has the number of its newest staff entry, "ss", and
-- the read marks of visitor and operators, "mv" and "mo". Where the log has expired,
-- the owner's key still tells whose profile it is.
local function snapshot(base, conv, owner, who)
  local c = redis.call('HMGET', conv, 'h', 'st', 'ss', 'mv', 'mo')
  if c[1] then
    who = string.sub(c[1], (select(8, struct.unpack('<dddddBc0Hc0', c[1]))))
  else
    who = redis.call('GET', owner) or who
  end
  local p = { false, false, false }
  if who then p = redis.call('HMGET', base .. 'p:' .. who, 'h', 'pr', 'ct') end
  return { who or '', c[1], c[2], p[1], p[2], p[3], c[3], c[4], c[5] }
end

-- events returns entries of a log; newest asks for the end of the range,
-- backwards.
local function events(log, from, to, limit, newest)
  if limit == '0' then return {} end
  if newest then return redis.call('XREVRANGE', log, to, from, 'COUNT', limit) end
  return redis.call('XRANGE', log, from, to, 'COUNT', limit)
end
