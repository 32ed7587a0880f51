-- KEYS: leases, what is said of each, watchers.
-- ARGV: site, member, lease in milliseconds ('0' ends it), what is said of it.
local now = clock()
local changed = false
for _, old in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now), 'LIMIT', '0', '100')) do
  redis.call('ZREM', KEYS[1], old)
  redis.call('HDEL', KEYS[2], old)
  changed = true
end
if ARGV[3] == '0' then
  changed = redis.call('ZREM', KEYS[1], ARGV[2]) == 1 or changed
  redis.call('HDEL', KEYS[2], ARGV[2])
else
  changed = redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[4] or changed
  redis.call('ZADD', KEYS[1], string.format('%d', now + tonumber(ARGV[3])), ARGV[2])
  redis.call('HSET', KEYS[2], ARGV[2], ARGV[4])
end
if changed then
  local nodes = living(KEYS[3], '')
  if nodes then publish(nodes, { 'd', ARGV[1] }) end
end
return 1
