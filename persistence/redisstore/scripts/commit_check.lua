-- A commit. Scripts do not roll back, so everything is checked before the first
-- write, in the order of the Outcome constants. Keys that are not in KEYS are
-- made from the key base: they share the site's hash tag and so its slot. The
-- keys from the seventh on are given only where the commit may need them.

local conv, log, inputs, profile, owner, holders = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local outbox, timers = KEYS[7], KEYS[8]
local base, name, visitor, me, run = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local nowMicros, client, n, slot, digest, answer = ARGV[7], ARGV[8], ARGV[9], ARGV[10], ARGV[11], ARGV[12]
local version, pversion, epoch, since = tonumber(ARGV[13]), tonumber(ARGV[14]), ARGV[15], ARGV[16]
local nEvents, nOutbox, nTimers = tonumber(ARGV[19]), tonumber(ARGV[20]), tonumber(ARGV[21])
local hasState, hasProfile, hasContact, drop, erase, confirm, full, hasRow, rowGone, keepsDoubt, assigns = string.byte(ARGV[1], 1, 11)
local nStaff, firstStaff = tonumber(ARGV[32]), tonumber(ARGV[33])
local YES = 49
local FIXED = 35
local outboxAt = FIXED + 3 * nEvents
local timersAt = outboxAt + 2 * nOutbox
local staffAt = timersAt + 2 * nTimers

-- Numbers in Lua are doubles: exact up to 2^53, but ".." would round them.
local function text(x) return string.format('%d', x) end
-- Times of events are nanoseconds, too long for a number: cut to milliseconds.
local function millis(nanos) return tonumber(string.sub(nanos, 1, -7)) or 0 end
local function timerName(c, t) return #c .. ':' .. c .. t end
local now = tonumber(nowMicros)
local nowMillis = math.floor(now / 1000)

local known, who = redis.call('HGET', conv, 'h'), nil
local v, seq, first, firstAt, renewed, convRun, oldEpoch = 0, 0, 0, 0, 0, '', ''
if known then
  v, seq, first, firstAt, renewed, convRun, oldEpoch, who = convHead(known)
else
  who = redis.call('GET', owner)
end
if who and who ~= visitor then return { 10, 'the conversation belongs to another visitor' } end

local met = redis.call('HGET', profile, 'h')
local pv, vseq, unflushed, rateStart, rateCount, profileRun, marks = 0, 0, 0, 0, 0, '', ''
if met then
  pv, vseq, unflushed, rateStart, rateCount, profileRun, marks = profileHead(met)
end
if marks == 'e' then
  -- What fires for somebody who is gone fires for the last time.
  for t = timersAt + 1, timersAt + 2 * nTimers, 2 do
    if ARGV[t + 1] == '' then redis.call('ZREM', timers, timerName(name, ARGV[t])) end
  end
  -- WAIT promises no more than what this connection wrote, so a repeat writes.
  if confirm == YES then redis.call('HSET', profile, 'h', met) end
  return { 2 }
end

-- What is kept of a client instance: its newest number and when it came.
local CLIENT, ANSWER = '<dd', '<dI'
local used = redis.call('HGET', inputs, 'm:' .. client)
local number, last = tonumber(n), 0
if used then last = struct.unpack(CLIENT, used) end
if number ~= last + 1 then
  if number > last then return { 6, last + 1 } end
  local kept = redis.call('HGET', inputs, 'a' .. slot .. ':' .. client)
  if not kept then return { 5 } end
  local answered, size, at = struct.unpack(ANSWER, kept)
  if answered ~= number then return { 5 } end
  if string.sub(kept, at, at + size - 1) ~= digest then return { 4 } end
  -- WAIT promises no more than what this connection wrote, so a repeat writes.
  if confirm == YES then redis.call('HSET', inputs, 'm:' .. client, used) end
  return { 3, string.sub(kept, at + size) }
end

-- A client instance that is new needs a place. Those past their lifetime are
-- looked for only when there can be any: reading all of them is not cheap.
local clients, instances, forgotten, oldest, newInputs
if not used then
  local counts = redis.call('HMGET', inputs, 'nc', 'nt', 'co')
  clients, instances, newInputs, forgotten = tonumber(counts[1] or '0'), tonumber(counts[2] or '0'), not counts[2], {}
  local visitors = string.sub(client, 1, 1) ~= '$'
  if instances >= MAX_CLIENTS and now >= tonumber(counts[3] or '0') then
    local names = {}
    for _, field in ipairs(redis.call('HKEYS', inputs)) do
      if string.sub(field, 1, 2) == 'm:' then names[#names + 1] = field end
    end
    for from = 1, #names, 1000 do
      local values = redis.call('HMGET', inputs, unpack(names, from, math.min(from + 999, #names)))
      for k, value in ipairs(values) do
        local _, at = struct.unpack(CLIENT, value)
        if at < now - CLIENT_LIFE * 1000 then
          local dead = string.sub(names[from + k - 1], 3)
          forgotten[#forgotten + 1] = dead
          instances = instances - 1
          if string.sub(dead, 1, 1) ~= '$' then clients = clients - 1 end
        elseif not oldest or at < oldest then
          oldest = at
        end
      end
    end
  end
  if visitors and clients >= MAX_CLIENTS then
    if oldest then redis.call('HSET', inputs, 'co', text(oldest + CLIENT_LIFE * 1000)) end
    return { 7 }
  end
  instances = instances + 1
  if visitors then clients = clients + 1 end
end

local limited = ARGV[17] ~= ''
if limited then
  local most, window = tonumber(ARGV[17]), tonumber(ARGV[18])
  local age = now - rateStart
  if rateCount == 0 or age >= window or age < 0 then
    rateStart, rateCount, age = now, 0, 0
  end
  if rateCount >= most then return { 8, window - age } end
  rateCount = rateCount + 1
end

-- Equal versions of another log are another state: a store that came back empty
-- counts up from the same beginning.
local otherLog = v > 0 and epoch ~= '' and oldEpoch ~= '' and epoch ~= oldEpoch
-- Equal versions may also be those of a node that missed what was lost: on a
-- profile in doubt only who has asked the ledger in this life of the store writes.
local doubt = profileRun ~= run
local unsettled = met and doubt and ARGV[31] ~= run and (hasProfile == YES or nOutbox > 0)
if v ~= version or pv ~= pversion or otherLog or unsettled then
  return { 9, snapshot(base, conv, owner, visitor), events(log, '(' .. since .. '-0', '+', MISSED) }
end

local firstSeq, firstVSeq = tonumber(ARGV[22]), tonumber(ARGV[23])
local changesProfile = hasProfile == YES or hasContact == YES or drop == YES or erase == YES or nOutbox > 0
local changes = changesProfile or nEvents > 0 or hasState == YES or nTimers > 0 or hasRow == YES or nStaff > 0 or assigns == YES
if ARGV[24] ~= '' then return { 10, ARGV[24] } end
if nEvents > 0 and firstSeq ~= seq + 1 then
  return { 10, 'event 0 has seq ' .. ARGV[22] .. ', the log goes on with ' .. text(seq + 1) }
end
-- A profile that is rebuilt from the ledger goes on where the ledger stands.
if nOutbox > 0 and firstVSeq ~= vseq + 1 and not (firstVSeq > vseq and (marks == 'j' or doubt and hasProfile == YES)) then
  return { 10, 'outbox record 0 has vseq ' .. ARGV[23] .. ', the visitor goes on with ' .. text(vseq + 1) }
end
if nStaff > 0 then
  local top = tonumber(redis.call('HGET', conv, 'ss') or '0')
  if firstStaff ~= top + 1 then
    return { 10, 'staff entry 0 has seq ' .. ARGV[33] .. ', the staff log goes on with ' .. text(top + 1) }
  end
end
if v == 0 and changes and erase ~= YES and epoch == '' then
  return { 10, 'a commit that begins a log must name its epoch' }
end
-- What a visitor who is known decides runs also when a conversation that was
-- forgotten has to begin anew for it: an end of consent must not wait for memory.
local decides = met and nOutbox > 0
if full == YES and v == 0 and erase ~= YES and drop ~= YES and not decides then return { 11 } end
