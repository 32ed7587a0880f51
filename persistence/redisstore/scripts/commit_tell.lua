if hasRow == YES or erase == YES then
  local rows, order, ages, top, watchers = KEYS[9], KEYS[10], KEYS[11], KEYS[12], KEYS[13]
  local site = ARGV[28]

  -- putRow changes a row of the site's inbox. The committing node is told too:
  -- only the store knows the row's number.
  local function putRow(conversation, kind, body)
    local number = text(redis.call('HINCRBY', top, 's', '1'))
    if number == '1' then redis.call('HSET', top, 'e', ARGV[30]) end
    redis.call('HSET', rows, conversation, kind .. body)
    redis.call('ZADD', order, number, conversation)
    redis.call('ZADD', ages, text(nowMillis), conversation)
    local nodes = living(watchers, '')
    if nodes then
      publish(nodes, { 'i', site, conversation, number, kind, body, redis.call('HGET', top, 'e') })
    end
  end

  -- A few rows that have not changed for long are looked at: one that left the
  -- inbox is forgotten, one whose conversation has expired leaves it.
  local cutoff = text(math.max(nowMillis - TRANSCRIPT, 0))
  for _, old in ipairs(redis.call('ZRANGEBYSCORE', ages, '-inf', cutoff, 'LIMIT', '0', '4')) do
    if string.sub(redis.call('HGET', rows, old) or 'g', 1, 1) == 'g' then
      redis.call('HDEL', rows, old)
      redis.call('ZREM', order, old)
      redis.call('ZREM', ages, old)
    elseif redis.call('EXISTS', base .. 'c:' .. old) == 1 then
      redis.call('ZADD', ages, text(nowMillis), old)
    else
      putRow(old, 'g', '')
    end
  end

  if hasRow == YES then putRow(name, rowGone == YES and 'g' or 'r', ARGV[29]) end

  if erase == YES then
    for _, field in ipairs(redis.call('HKEYS', profile)) do
      if string.sub(field, 1, 2) == 'c:' then
        local other = string.sub(field, 3)
        local key = base .. 'c:' .. other
        local head = redis.call('HGET', key, 'h')
        if head then
          local version, _, _, _, at, wrote = convHead(head)
          redis.call('HSET', key, 'h', packConv(version, 0, 0, 0, at, wrote, '', visitor))
          redis.call('HDEL', key, 'st', 'ss', 'mv', 'mo')
        end
        redis.call('DEL', base .. 'e:' .. other, base .. 'i:' .. other, base .. 's:' .. other)
        redis.call('HDEL', base .. 'assigned', other)
        local row = redis.call('HGET', rows, other)
        if row and (other ~= name or hasRow ~= YES) and string.sub(row, 1, 1) ~= 'g' then putRow(other, 'g', '') end
      elseif string.sub(field, 1, 1) == 't' then
        redis.call('ZREM', timers, string.sub(field, 2))
        redis.call('HDEL', profile, field)
      end
    end
    redis.call('HDEL', profile, 'pr', 'ct')
    newEpoch, newSeq, first = '', 0, 0
  end
end

if changes then
  local nodes = living(holders, me)
  if nodes then
    local message = {
      'c', ARGV[28], name, visitor, text(newVersion), newEpoch, text(newSeq), text(first), text(v), text(newProfile), text(vseq),
      ARGV[1], ARGV[25], ARGV[26], ARGV[27], text(nEvents),
    }
    for a = FIXED + 1, FIXED + 3 * nEvents do message[#message + 1] = ARGV[a] end
    message[#message + 1] = text(nStaff)
    message[#message + 1] = ARGV[33]
    for a = staffAt + 1, staffAt + 3 * nStaff do message[#message + 1] = ARGV[a] end
    if ARGV[35] ~= '' then message[#message + 1] = ARGV[35] end
    publish(nodes, message)
  end
end
return { 1, newVersion, newProfile, newEpoch }
