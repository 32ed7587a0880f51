-- KEYS: holders or watchers. ARGV: node, count.
leave(KEYS[1], ARGV[1], ARGV[2])
return 1
