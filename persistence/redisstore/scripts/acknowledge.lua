-- KEYS: outbox. ARGV: key base, then visitor and number of each record. The
-- profile knows under which id each record that is not flushed stands in the
-- outbox; once none is left, it may expire.
local gone = {}
for i = 2, #ARGV, 2 do
  local profile, field = ARGV[1] .. 'p:' .. ARGV[i], 'o:' .. ARGV[i + 1]
  local id = redis.call('HGET', profile, field)
  if id then
    redis.call('XDEL', KEYS[1], id)
    redis.call('HDEL', profile, field)
    gone[profile] = (gone[profile] or 0) + 1
  end
end
for profile, n in pairs(gone) do
  local v, vseq, unflushed, rateStart, rateCount, run, marks = profileHead(redis.call('HGET', profile, 'h'))
  unflushed = math.max(unflushed - n, 0)
  redis.call('HSET', profile, 'h', packProfile(v, vseq, unflushed, rateStart, rateCount, run, marks))
  if unflushed == 0 then redis.call('PEXPIRE', profile, PROFILE_LIFE) end
end
return 1
