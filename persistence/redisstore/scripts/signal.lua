-- KEYS: conversation, holders, rows, order, top, watchers.
-- ARGV: node, site, conversation, side, newest event that was read or '0',
-- typing ('', '0' or '1'), operator, whether the row is to change ('1' or '').
local head = redis.call('HGET', KEYS[1], 'h')
if not head then return 0 end
local seen = 0
if ARGV[5] ~= '0' then
  local field = ARGV[4] == 'operator' and 'mo' or 'mv'
  local _, top = convHead(head)
  seen = math.min(tonumber(ARGV[5]), top)
  if seen > tonumber(redis.call('HGET', KEYS[1], field) or '0') then
    redis.call('HSET', KEYS[1], field, string.format('%d', seen))
  else
    seen = 0
  end
end
if seen == 0 and ARGV[6] == '' then return 0 end
local nodes = living(KEYS[2], ARGV[1])
if nodes then
  publish(nodes, { 's', ARGV[2], ARGV[3], ARGV[4], string.format('%d', seen), ARGV[6], ARGV[7] })
end
if seen == 0 or ARGV[8] ~= '1' then return 1 end
local row = redis.call('HGET', KEYS[3], ARGV[3])
if not row or string.sub(row, 1, 1) == 'g' then return 1 end
local number = string.format('%d', redis.call('HINCRBY', KEYS[5], 's', '1'))
redis.call('ZADD', KEYS[4], number, ARGV[3])
nodes = living(KEYS[6], '')
if nodes then
  publish(nodes, { 'i', ARGV[2], ARGV[3], number, 'r', string.sub(row, 2), redis.call('HGET', KEYS[5], 'e') })
end
return 1
