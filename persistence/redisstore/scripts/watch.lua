-- KEYS: watchers. ARGV: node, count.
enter(KEYS[1], ARGV[1], ARGV[2], false)
return 1
