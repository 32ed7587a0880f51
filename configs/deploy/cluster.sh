#!/bin/sh
# Three gateways, Redis and a load balancer on this machine; Ctrl-C stops all of
# it. Everything is kept under data/cluster.
set -eu
cd "$(dirname "$0")/../.."

ZGODA_PORT="${ZGODA_PORT:-8080}"
ZGODA_PORT1=$((ZGODA_PORT + 1))
ZGODA_PORT2=$((ZGODA_PORT + 2))
ZGODA_PORT3=$((ZGODA_PORT + 3))
REDIS_PORT=$((ZGODA_PORT + 10))
export ZGODA_PORT ZGODA_PORT1 ZGODA_PORT2 ZGODA_PORT3
DIR="$PWD/data/cluster"

for program in redis-server haproxy; do
	command -v "$program" >/dev/null 2>&1 || {
		echo "make cluster needs $program: install the package of that name (apt-get install redis-server haproxy)" >&2
		exit 1
	}
done

PIDS="" GATEWAYS=""
stop() {
	trap - INT TERM EXIT
	echo
	echo "stopping the cluster"
	# The gateways first, side by side, while their store still answers.
	for pid in $GATEWAYS; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in $GATEWAYS; do wait "$pid" 2>/dev/null || true; done
	for pid in $PIDS; do kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
	exit 0
}
trap stop INT TERM EXIT

mkdir -p "$DIR/redis"
# setsid: Ctrl-C reaches this script alone, which then stops things in order.
setsid redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$DIR/redis" \
	--appendonly yes --appendfsync always --maxmemory-policy noeviction --save '' >"$DIR/redis.log" 2>&1 &
PIDS="$!"
tries=0
until grep -q "Ready to accept connections" "$DIR/redis.log"; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] || { echo "Redis did not start; see $DIR/redis.log" >&2; exit 1; }
	sleep 0.1
done

export ZGODA_REDIS="redis://127.0.0.1:$REDIS_PORT"
export ZGODA_DATA="$DIR" ZGODA_TRUSTED_HOPS=1 ZGODA_DRAIN_DELAY_MS=1000 ZGODA_DRAIN_TIME_MS=2000
n=0
for port in "$ZGODA_PORT1" "$ZGODA_PORT2" "$ZGODA_PORT3"; do
	n=$((n + 1))
	ZGODA_NODE="g$n" setsid bin/zgoda run --listen "127.0.0.1:$port" >"$DIR/gateway-$n.log" 2>&1 &
	GATEWAYS="$GATEWAYS $!"
	[ "$n" -gt 1 ] || sleep 1 # the first one makes the keys
done
setsid haproxy -db -f configs/deploy/haproxy.cfg >"$DIR/haproxy.log" 2>&1 &
PIDS="$! $PIDS"
tries=0
until curl -fs "http://127.0.0.1:$ZGODA_PORT/readyz" >/dev/null 2>&1 || [ "$tries" -ge 50 ]; do
	tries=$((tries + 1))
	sleep 0.2
done

echo "Three gateways behind http://127.0.0.1:$ZGODA_PORT/demo/"
echo "  by themselves: ports $ZGODA_PORT1, $ZGODA_PORT2, $ZGODA_PORT3; kill one and go on talking"
echo "  logs:          data/cluster/*.log"
echo "Ctrl-C stops all."
wait
