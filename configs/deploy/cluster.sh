#!/bin/sh
# Three gateways, Redis, PostgreSQL and a load balancer on this machine; Ctrl-C
# stops all of it. Everything is kept under data/cluster.
set -eu
cd "$(dirname "$0")/../.."

export ZGODA_PORT="${ZGODA_PORT:-8080}"
export ZGODA_PORT1=$((ZGODA_PORT + 1)) ZGODA_PORT2=$((ZGODA_PORT + 2)) ZGODA_PORT3=$((ZGODA_PORT + 3))
REDIS_PORT=$((ZGODA_PORT + 10))
PG_PORT=$((ZGODA_PORT + 11))
DIR="$PWD/data/cluster"

need() {
	command -v "$1" >/dev/null 2>&1 || { echo "make cluster needs $1: install the package $2" >&2; exit 1; }
}
need redis-server redis-server
need haproxy haproxy
PG_BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1 || true)
[ -n "$PG_BIN" ] || PG_BIN=$(dirname "$(command -v initdb 2>/dev/null || echo /nonexistent/initdb)")
[ -x "$PG_BIN/initdb" ] || { echo "make cluster needs PostgreSQL: install the package postgresql" >&2; exit 1; }

# PostgreSQL will not run as root.
as_pg() {
	if [ "$(id -u)" -eq 0 ]; then setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; else "$@"; fi
}

PIDS=""
stop() {
	trap - INT TERM EXIT
	echo
	echo "stopping the cluster"
	# The gateways first, while their stores still answer.
	for pid in $PIDS; do kill -TERM "$pid" 2>/dev/null || true; wait "$pid" 2>/dev/null || true; done
}
trap stop INT TERM EXIT

mkdir -p "$DIR/redis" "$DIR/keys"
redis-server --port "$REDIS_PORT" --bind 127.0.0.1 --dir "$DIR/redis" --appendonly yes --maxmemory-policy noeviction --save '' >"$DIR/redis.log" 2>&1 &
REDIS_PID=$!

if [ ! -f "$DIR/pg/PG_VERSION" ]; then
	mkdir -p "$DIR/pg"
	if [ "$(id -u)" -eq 0 ]; then chown nobody:nogroup "$DIR/pg"; chmod 711 "$PWD/data" "$DIR"; fi
	as_pg "$PG_BIN/initdb" -D "$DIR/pg" -A trust -U postgres >"$DIR/initdb.log"
fi
as_pg "$PG_BIN/postgres" -D "$DIR/pg" -p "$PG_PORT" -k '' -c listen_addresses=127.0.0.1 >"$DIR/postgres.log" 2>&1 &
PG_PID=$!
until "$PG_BIN/pg_isready" -q -h 127.0.0.1 -p "$PG_PORT"; do sleep 0.2; done

export ZGODA_REDIS="redis://127.0.0.1:$REDIS_PORT"
export ZGODA_POSTGRES="postgres://postgres@127.0.0.1:$PG_PORT/postgres"
export ZGODA_DATA="$DIR/keys" ZGODA_TRUSTED_HOPS=1 ZGODA_DRAIN_DELAY_MS=1000 ZGODA_DRAIN_TIME_MS=3000
bin/zgoda migrate up

for port in "$ZGODA_PORT1" "$ZGODA_PORT2" "$ZGODA_PORT3"; do
	bin/zgoda run --listen "127.0.0.1:$port" >"$DIR/gateway-$port.log" 2>&1 &
	PIDS="$PIDS $!"
done
haproxy -db -f configs/deploy/haproxy.cfg >"$DIR/haproxy.log" 2>&1 &
PIDS="$PIDS $! $PG_PID $REDIS_PID"

echo "Three gateways behind http://127.0.0.1:$ZGODA_PORT/demo/ (they are on $ZGODA_PORT1, $ZGODA_PORT2, $ZGODA_PORT3)."
echo "Logs: data/cluster/*.log. Ctrl-C stops all."
wait
