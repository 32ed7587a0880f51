-- What nearly every commit reads and writes stands in one field, "h", of the
-- conversation's hash and of the visitor's: one value is read, written and kept
-- for a fraction of what a field for each number costs.
--
-- conversation: version seq first firstAt renewed run size:epochvisitor
-- profile:      version vseq unflushed rateStart rateCount run marks
--
-- Marks are letters: e for erased, j where the next outbox number may jump. An
-- empty run or mark is "-". Times are milliseconds, of the rate microseconds.

local function convHead(h)
  local v, seq, first, firstAt, renewed, run, size, rest = string.match(h, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%d+):(.*)$')
  size = tonumber(size)
  return v, tonumber(seq), tonumber(first), tonumber(firstAt), tonumber(renewed), run,
    string.sub(rest, 1, size), string.sub(rest, size + 1)
end

local function packConv(v, seq, first, firstAt, renewed, run, epoch, visitor)
  return string.format('%d %d %d %d %d ', v, seq, first, firstAt, renewed) .. run .. ' ' .. #epoch .. ':' .. epoch .. visitor
end

local function profileHead(h)
  local v, vseq, unflushed, rateStart, rateCount, run, marks = string.match(h, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%S+) (%S+)$')
  return v, tonumber(vseq), tonumber(unflushed), tonumber(rateStart), tonumber(rateCount), run, marks
end

local function packProfile(v, vseq, unflushed, rateStart, rateCount, run, marks)
  return string.format('%d %d %d %d %d %s %s', v, vseq, unflushed, rateStart, rateCount, run, marks)
end
