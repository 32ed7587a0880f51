-- KEYS: conversation, log, owner.
-- ARGV: key base, from, to, limit, newest ('1' or '').
return {
  snapshot(ARGV[1], KEYS[1], KEYS[3]),
  events(KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5] ~= ''),
}
