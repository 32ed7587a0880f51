#!/bin/sh
# Finds or installs what the tests need beyond Go. Quiet when all is there.
set -eu

have_chromium() {
	for name in chromium chromium-browser google-chrome headless-shell; do
		command -v "$name" >/dev/null 2>&1 && return 0
	done
	return 1
}

have_postgres() {
	command -v postgres >/dev/null 2>&1 && return 0
	for program in /usr/lib/postgresql/*/bin/postgres; do
		[ -x "$program" ] && return 0
	done
	return 1
}

# promtool comes with Prometheus.
have_prometheus() {
	command -v prometheus >/dev/null 2>&1 && command -v promtool >/dev/null 2>&1
}

# axe-core, for the tests of accessibility, and what the console's bundle is made of; without npm
# these tests are skipped.
if command -v npm >/dev/null 2>&1; then
	for part in widget console; do
		[ -d "gateway/$part/node_modules/axe-core" ] ||
			npm ci --silent --ignore-scripts --prefix "gateway/$part" ||
			echo "axe-core could not be installed: the accessibility tests of the $part are skipped" >&2
	done
fi

missing=""
have_chromium || missing="chromium"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
have_postgres || missing="$missing postgresql"
have_prometheus || missing="$missing prometheus"
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" -ne 0 ]; then
	as_root="sudo"
	command -v sudo >/dev/null 2>&1 || as_root="none"
fi
if ! command -v apt-get >/dev/null 2>&1 || [ "$as_root" = none ]; then
	echo "make test needs: $missing. Install it with your system's packages and run make test again." >&2
	exit 1
fi
echo "installing for the tests: $missing"
export DEBIAN_FRONTEND=noninteractive
# Tests start servers of their own: the packages' daemons must not be started, and a
# machine that has a policy for that keeps it.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap '$as_root rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
	$as_root chmod 755 "$policy"
fi
$as_root apt-get update -qq
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
have_chromium || {
	echo "chromium was installed but is not found; is it a snap? Install a chromium that runs headless." >&2
	exit 1
}
