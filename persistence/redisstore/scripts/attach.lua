-- KEYS: conversation, log, owner, holders.
-- ARGV: key base, from, to, limit, newest ('1' or ''), node, count.
-- The node is entered before anything is read: what is committed after this is
-- told to it, what was committed before is in what it reads.
enter(KEYS[4], ARGV[6], ARGV[7], false)
return {
  snapshot(ARGV[1], KEYS[1], KEYS[3]),
  events(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5] ~= ''),
}
