-- From here on it is written. Two nodes must not mistake each other's work for
-- their own after the store lost some of it, so the first commit after a
-- failover or a restart jumps to numbers that nobody has seen.
local JUMP = 1048576
local newVersion, newProfile, newEpoch = v, pv, oldEpoch
if changes then
  newVersion = newVersion + 1
  if known and convRun ~= run then newVersion = newVersion + JUMP end
  if newEpoch == '' then newEpoch = epoch end
end
if changesProfile then
  newProfile = newProfile + 1
  if met and doubt then newProfile = newProfile + JUMP end
end

if nEvents > 0 then
  if not known then redis.call('DEL', log) end
  for e = 0, nEvents - 1 do
    local at = FIXED + 3 * e
    redis.call('XADD', log, text(firstSeq + e) .. '-0', 'i', ARGV[at + 1], 'a', ARGV[at + 2], 'b', ARGV[at + 3])
  end
  if first == 0 then first, firstAt = firstSeq, millis(ARGV[FIXED + 2]) end
end
local newSeq = seq + nEvents

-- Events past their age leave from the front, a bounded number at a time.
local trimmed = first > 0 and firstAt < nowMillis - TRANSCRIPT
if trimmed then
  for _ = 1, 10 do
    local cut = nil
    local old = redis.call('XRANGE', log, '-', '+', 'COUNT', '100')
    for _, entry in ipairs(old) do
      local at = millis(entry[2][4])
      if at >= nowMillis - TRANSCRIPT then
        cut, first, firstAt = entry[1], tonumber(string.match(entry[1], '^%d+')), at
        break
      end
    end
    if cut then
      redis.call('XTRIM', log, 'MINID', cut)
      break
    end
    if #old > 0 then
      first = tonumber(string.match(old[#old][1], '^%d+')) + 1
      redis.call('XTRIM', log, 'MINID', text(first) .. '-0')
    end
    if #old < 100 then
      first, firstAt = 0, 0
      break
    end
  end
end

-- Lifetimes are set anew now and then, not with every commit, and are longer by
-- as much. A key that is made now has none yet.
local renew = not known or not met or newInputs or seq == 0 or nowMillis < renewed or nowMillis - renewed >= RENEWAL
if renew then renewed = nowMillis end
if changes or renew or trimmed then
  if changes or not known then convRun = run end
  local head = packConv(newVersion, newSeq, first, firstAt, renewed, convRun, newEpoch, visitor)
  if hasState == YES then
    redis.call('HSET', conv, 'h', head, 'st', ARGV[25])
  else
    redis.call('HSET', conv, 'h', head)
  end
end

if nStaff > 0 then
  local staff = base .. 's:' .. name
  for e = 0, nStaff - 1 do
    local at = staffAt + 3 * e
    redis.call('XADD', staff, text(firstStaff + e) .. '-0', 'i', ARGV[at + 1], 'a', ARGV[at + 2], 'b', ARGV[at + 3])
  end
  redis.call('HSET', conv, 'ss', text(firstStaff + nStaff - 1))
  -- Entries past their age leave when others come.
  for _, entry in ipairs(redis.call('XRANGE', staff, '-', '+', 'COUNT', '10')) do
    if millis(entry[2][4]) >= nowMillis - TRANSCRIPT then break end
    redis.call('XDEL', staff, entry[1])
  end
  redis.call('PEXPIRE', staff, TRANSCRIPT + RENEWAL)
end
if assigns == YES then
  if ARGV[34] == '' then
    redis.call('HDEL', base .. 'assigned', name)
  else
    redis.call('HSET', base .. 'assigned', name, ARGV[34])
  end
end

local set = {}
for r = 0, nOutbox - 1 do
  local at, number = outboxAt + 2 * r, text(firstVSeq + r)
  set[#set + 1] = 'o:' .. number
  set[#set + 1] = redis.call('XADD', outbox, '*', 'v', visitor, 'n', number, 'a', ARGV[at + 1], 'p', ARGV[at + 2])
end
if not known then
  set[#set + 1] = 'c:' .. name
  set[#set + 1] = ''
end
if hasProfile == YES then
  set[#set + 1] = 'pr'
  set[#set + 1] = ARGV[26]
end
if hasContact == YES then
  set[#set + 1] = 'ct'
  set[#set + 1] = ARGV[27]
end
for t = timersAt + 1, timersAt + 2 * nTimers, 2 do
  local member = timerName(name, ARGV[t])
  if ARGV[t + 1] == '' then
    redis.call('ZREM', timers, member)
    redis.call('HDEL', profile, 't' .. member)
  else
    redis.call('ZADD', timers, ARGV[t + 1], member)
    set[#set + 1] = 't' .. member
    set[#set + 1] = ''
  end
end
if #set > 0 or changesProfile or limited or not met then
  if nOutbox > 0 then
    vseq, marks = firstVSeq + nOutbox - 1, ''
  elseif hasProfile == YES and doubt then
    marks = 'j'
  end
  if erase == YES then marks = 'e' end
  if hasProfile == YES or not met then profileRun = run end
  if keepsDoubt == YES then profileRun = '' end
  set[#set + 1] = 'h'
  set[#set + 1] = packProfile(newProfile, vseq, unflushed + nOutbox, rateStart, rateCount, profileRun, marks)
  redis.call('HSET', profile, unpack(set))
  if nOutbox > 0 and unflushed == 0 then redis.call('PERSIST', profile) end
  if drop == YES then redis.call('HDEL', profile, 'ct') end
end

if forgotten then
  for _, dead in ipairs(forgotten) do
    local fields = { 'm:' .. dead }
    for s = 0, SLOTS - 1 do fields[s + 2] = 'a' .. s .. ':' .. dead end
    redis.call('HDEL', inputs, unpack(fields))
  end
end
if erase ~= YES then
  local count = struct.pack(CLIENT, number, now)
  local kept = struct.pack(ANSWER, number, #digest) .. digest .. answer
  if used then
    redis.call('HSET', inputs, 'm:' .. client, count, 'a' .. slot .. ':' .. client, kept)
  else
    redis.call('HSET', inputs, 'm:' .. client, count, 'a' .. slot .. ':' .. client, kept,
      'nc', text(clients), 'nt', text(instances))
    if oldest then redis.call('HSET', inputs, 'co', text(oldest + CLIENT_LIFE * 1000)) end
  end
end

if not known then
  redis.call('SET', owner, visitor, 'PX', PROFILE_LIFE)
elseif renew then
  redis.call('PEXPIRE', owner, PROFILE_LIFE)
end
if renew then
  redis.call('PEXPIRE', conv, TRANSCRIPT + RENEWAL)
  redis.call('PEXPIRE', log, TRANSCRIPT + RENEWAL)
  if known then redis.call('PEXPIRE', base .. 's:' .. name, TRANSCRIPT + RENEWAL) end
  redis.call('PEXPIRE', inputs, CLIENT_LIFE + RENEWAL)
  if unflushed + nOutbox == 0 then redis.call('PEXPIRE', profile, PROFILE_LIFE) end
end
