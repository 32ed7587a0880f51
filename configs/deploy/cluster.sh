#!/bin/sh
# Three gateways, Redis, PostgreSQL and a load balancer on this machine; Ctrl-C
# stops all of it. Everything is kept under data/cluster.
set -eu
cd "$(dirname "$0")/../.."

ZGODA_PORT="${ZGODA_PORT:-8080}"
ZGODA_PORT1=$((ZGODA_PORT + 1))
ZGODA_PORT2=$((ZGODA_PORT + 2))
ZGODA_PORT3=$((ZGODA_PORT + 3))
REDIS_PORT=$((ZGODA_PORT + 10))
POSTGRES_PORT=$((ZGODA_PORT + 11))
export ZGODA_PORT ZGODA_PORT1 ZGODA_PORT2 ZGODA_PORT3
DIR="$PWD/data/cluster"

for program in redis-server haproxy; do
	command -v "$program" >/dev/null 2>&1 || {
		echo "make cluster needs $program: install the package of that name (apt-get install redis-server haproxy postgresql)" >&2
		exit 1
	}
done
PGBIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -n "$PGBIN" ] || PGBIN=$(dirname "$(command -v postgres 2>/dev/null)" 2>/dev/null || true)
[ -x "$PGBIN/initdb" ] || {
	echo "make cluster needs PostgreSQL: apt-get install postgresql" >&2
	exit 1
}

PIDS="" GATEWAYS=""
stop() {
	trap - INT TERM EXIT
	echo
	echo "stopping the cluster"
	# The gateways first, side by side, while their store still answers.
	for pid in $GATEWAYS; do kill -TERM "$pid" 2>/dev/null || true; done
	for pid in $GATEWAYS; do wait "$pid" 2>/dev/null || true; done
	for pid in $PIDS; do
		# PostgreSQL takes TERM as "when all have left"; INT ends it now.
		signal=TERM
		[ "$pid" != "${POSTGRES:-}" ] || signal=INT
		kill "-$signal" "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
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

# PostgreSQL does not run as root, and its user may not see this folder.
PGDIR="$DIR/postgres" AS=""
if [ "$(id -u)" = 0 ]; then
	PGDIR="/var/tmp/zgoda-cluster-$ZGODA_PORT" AS="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
# The two stores belong together: one without the other's past would find gaps.
[ -e "$DIR/keys.json" ] || rm -rf "$PGDIR"
mkdir -p "$PGDIR"
[ -z "$AS" ] || chown postgres:postgres "$PGDIR"
cd "$PGDIR"
[ -e "$PGDIR/data/PG_VERSION" ] ||
	$AS "$PGBIN/initdb" -D "$PGDIR/data" -A trust -U postgres -E UTF8 --locale=C >"$DIR/postgres.log" 2>&1 || {
	echo "PostgreSQL's data folder could not be made; see $DIR/postgres.log" >&2
	exit 1
}
setsid $AS "$PGBIN/postgres" -D "$PGDIR/data" -p "$POSTGRES_PORT" -k "$PGDIR" -c listen_addresses=127.0.0.1 >>"$DIR/postgres.log" 2>&1 &
POSTGRES="$!"
PIDS="$PIDS $POSTGRES"
cd - >/dev/null
tries=0
until "$PGBIN/pg_isready" -q -h 127.0.0.1 -p "$POSTGRES_PORT"; do
	tries=$((tries + 1))
	[ "$tries" -lt 100 ] && kill -0 "$POSTGRES" 2>/dev/null || { echo "PostgreSQL did not start; see $DIR/postgres.log" >&2; exit 1; }
	sleep 0.1
done
OWNER="postgres://postgres@127.0.0.1:$POSTGRES_PORT/postgres?sslmode=disable"
bin/zgoda migrate up --owner "$OWNER" >>"$DIR/postgres.log"
"$PGBIN/psql" -q "$OWNER" -c 'CREATE ROLE zgoda_gateway LOGIN NOINHERIT' >>"$DIR/postgres.log" 2>&1 || true # it may be there
bin/zgoda migrate up --owner "$OWNER" --login zgoda_gateway >>"$DIR/postgres.log"

export ZGODA_POSTGRES="postgres://zgoda_gateway@127.0.0.1:$POSTGRES_PORT/postgres?sslmode=disable"
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
echo "  contacts:      ZGODA_DATA=data/cluster ZGODA_POSTGRES='$ZGODA_POSTGRES' bin/zgoda contacts list --site demo"
echo "Ctrl-C stops all."
wait
