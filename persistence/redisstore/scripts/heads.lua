-- What nearly every commit reads and writes stands in one field, "h", of the
-- conversation's hash and of the visitor's: one packed value is read, written
-- and kept for a fraction of what a field for each number costs. Numbers are
-- doubles, exact up to 2^53; strings are preceded by their length.
--
-- conversation: version seq first firstAt renewed run epoch visitor
-- profile:      version vseq unflushed rateStart rateCount run marks
--
-- Times are milliseconds, of the rate microseconds. Marks are letters: e for
-- erased, j where the next outbox number may jump.
local CONV, PROFILE = '<dddddBc0Hc0', '<dddddBc0'

local function convHead(h)
  local v, seq, first, firstAt, renewed, run, epoch, at = struct.unpack(CONV, h)
  return v, seq, first, firstAt, renewed, run, epoch, string.sub(h, at)
end

local function packConv(v, seq, first, firstAt, renewed, run, epoch, visitor)
  return struct.pack(CONV, v, seq, first, firstAt, renewed, #run, run, #epoch, epoch) .. visitor
end

local function profileHead(h)
  local v, vseq, unflushed, rateStart, rateCount, run, at = struct.unpack(PROFILE, h)
  return v, vseq, unflushed, rateStart, rateCount, run, string.sub(h, at)
end

local function packProfile(v, vseq, unflushed, rateStart, rateCount, run, marks)
  return struct.pack(PROFILE, v, vseq, unflushed, rateStart, rateCount, #run, run) .. marks
end
