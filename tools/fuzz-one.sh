#!/bin/sh
# Fuzzes one target, for tools/fuzz.sh, and prints a line.
# Usage: tools/fuzz-one.sh TIME FOLDER CACHE PACKAGE TARGET
#   FOLDER  with the test program of the package
#   CACHE   where inputs that lead somewhere new are kept, for the next time
set -eu
time=$1 folder=$2 cache=$3 package=$4 target=$5
log=$folder/$(echo "$package" | tr / _).$target.log
# Tests that write files should not wait for a disk.
if [ -w /dev/shm ]; then TMPDIR=/dev/shm; fi
TMPDIR=$(mktemp -d)
export TMPDIR GOMAXPROCS=1
trap 'rm -rf "$TMPDIR"' EXIT
trap 'exit 130' INT TERM
mkdir -p "$cache/$package"

result=clean
# Go would spend up to a minute on making each new input smaller.
(cd "$package" && exec "$folder/$(echo "$package" | tr / _).test" -test.run '^$' -test.fuzz "^$target\$" -test.fuzztime "$time" \
	-test.fuzzminimizetime 100x -test.parallel 1 -test.fuzzcachedir "$cache/$package") >"$log" 2>&1 || result=FOUND
last=$(grep execs: "$log" | tail -1)
executions=$(echo "$last" | sed -n 's/.*execs: \([0-9]*\).*/\1/p')
corpus=$(echo "$last" | sed -n 's/.*total: \([0-9]*\)).*/\1/p')
printf '%-20s %-20s %12s %8s  %s\n' "$package" "$target" "${executions:-0}" "${corpus:-0}" "$result"
if [ "$result" = FOUND ]; then
	tail -20 "$log"
	exit 1
fi
