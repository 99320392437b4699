#!/bin/sh
# Fuzzes under ASan+UBSan: fuzz.sh SECONDS [DOOR ...]; all doors where none is named.  Builds in build/fuzz (or
# $UNDERSTUDY_FUZZ_BUILD), works on copies of the corpora there, two doors at a time, names the doors with
# findings, and exits 1 when there is one.
set -eu
cd "$(dirname "$(readlink -f "$0")")/.."
[ $# -ge 1 ] || {
	echo "usage: tools/fuzz.sh SECONDS [DOOR ...]" >&2
	exit 2
}
seconds=$1
shift
build=$(readlink -m "${UNDERSTUDY_FUZZ_BUILD:-build/fuzz}")
[ -f "$build/build.ninja" ] ||
	CC=clang meson setup "$build" -Dfuzz=true -Db_sanitize=address,undefined -Dbuildtype=debugoptimized >/dev/null
doors=${*:-$(cd tests/fuzz && for f in *.c; do [ "$f" = replay.c ] || echo "${f%.c}"; done)}
# shellcheck disable=SC2086 # names of doors
ninja -C "$build" $(for d in $doors; do echo "tests/fuzz/fuzz_$d"; done) >/dev/null

one() { # one DOOR: its log ends with what libFuzzer counted
	work=$build/work/$1
	mkdir -p "$work/corpus" "$work/found"
	cp -n "tests/fuzz/corpus/$1/"* "$work/corpus/" 2>/dev/null || true
	dict=""
	[ ! -f "tests/fuzz/$1.dict" ] || dict="-dict=tests/fuzz/$1.dict"
	status=0
	# shellcheck disable=SC2086 # may be empty
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 "$build/tests/fuzz/fuzz_$1" "$work/corpus" $dict \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="$work/found/" >"$work/log" 2>&1 || status=$?
	runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
	if [ $status -eq 0 ]; then
		echo "$1: no finding, ${runs:-0} runs in $seconds s"
	else
		echo "$1: FINDING, see $work/log and $work/found"
		touch "$build/work/failed"
	fi
}

mkdir -p "$build/work"
rm -f "$build/work/failed"
waiting=0
for door in $doors; do
	one "$door" &
	waiting=$((waiting + 1))
	if [ $((waiting % 2)) -eq 0 ]; then wait; fi
done
wait
[ ! -e "$build/work/failed" ]
