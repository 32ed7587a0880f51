-- KEYS: conversations.
local out = {}
for i, key in ipairs(KEYS) do
  out[i] = redis.call('HGET', key, 'h')
end
return out
