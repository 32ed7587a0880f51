-- KEYS: rows, order, top. ARGV: the last number known, limit, key base.
local top = redis.call('HMGET', KEYS[3], 'e', 's')
local out = { top[1] or '', top[2] or '0' }
if ARGV[2] == '0' then return out end
local order = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', '0', ARGV[2])
for i = 1, #order, 2 do
  out[#out + 1] = order[i]
  out[#out + 1] = order[i + 1]
  out[#out + 1] = redis.call('HGET', KEYS[1], order[i]) or 'g'
  out[#out + 1] = redis.call('HGET', ARGV[3] .. 'c:' .. order[i], 'mo') or '0'
end
return out
