#!/bin/sh
# Installs what is missing of a set of Debian packages: packages.sh build|once|test|bench ...
# Nothing is done, and no right is needed, when all are there.  Servers that come as packages are kept from
# starting as services while they are installed (policy-rc.d), so port 53 of this machine stays as it was.
set -eu

build="meson ninja-build pkg-config gcc libuv1-dev liblmdb-dev libgnutls28-dev nettle-dev libyaml-dev libjansson-dev libpsl-dev libsqlite3-dev libsystemd-dev libcmocka-dev libxxhash-dev libargon2-dev python3"
build="$build libmicrohttpd-dev libidn2-dev" # for HTTP
once="nsd bind9-dnsutils knot-dnsutils curl"
tests="bind9 knot nsd pdns-server pdns-backend-bind pdns-backend-sqlite3 bind9-dnsutils knot-dnsutils knot-dnssecutils ldnsutils dnsperf python3-pytest python3-pytest-xdist python3-dnspython python3-cryptography python3-jsonschema sqlite3 clang clang-format clang-tidy libclang-rt-14-dev scdoc"
bench="valgrind"

wanted=""
for set in "$@"; do
	case $set in
	build) wanted="$wanted $build" ;;
	once) wanted="$wanted $once" ;;
	test) wanted="$wanted $tests" ;;
	bench) wanted="$wanted $bench" ;;
	*)
		echo "packages.sh: no set of packages is called '$set'; sets: build once test bench" >&2
		exit 2
		;;
	esac
done

command -v dpkg-query >/dev/null || exit 0 # not Debian: the configure step names what is missing

missing=""
for p in $wanted; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
sudo=""
if [ "$(id -u)" -ne 0 ]; then
	command -v sudo >/dev/null || {
		echo "packages.sh: need root or sudo to install:$missing" >&2
		exit 1
	}
	sudo=sudo
fi

policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
	$sudo chmod 755 $policy
	trap '$sudo rm -f $policy' EXIT INT TERM
fi

log=$(mktemp)
# shellcheck disable=SC2086 # the lists are meant to split
if ! $sudo env DEBIAN_FRONTEND=noninteractive sh -c '
	apt-get -o DPkg::Lock::Timeout=300 update -q &&
	apt-get -o DPkg::Lock::Timeout=300 install -q -y --no-install-recommends "$@"' sh $missing >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "packages.sh: installation failed; the whole log is $log" >&2
	exit 1
fi
rm -f "$log"
