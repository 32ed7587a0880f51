-- KEYS: conversation and holders of each conversation that is held.
-- ARGV: node, count.
local out = {}
for i = 1, #KEYS, 2 do
  enter(KEYS[i + 1], ARGV[1], ARGV[2], true)
  out[#out + 1] = redis.call('HGET', KEYS[i], 'h')
end
return out
