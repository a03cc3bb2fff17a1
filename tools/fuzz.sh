#!/bin/sh
# Fuzzes every reader of the program, one after the other, and sums up.
# Usage: tools/fuzz.sh TIME [PATTERN]
#   TIME     for each target, as 30s, 5m or 1h
#   PATTERN  of the names of targets, as for grep -E; all of them without it
# What is found lands in the testdata/fuzz folder of its package: commit it with
# what mends it. Exit code 1 if anything was found.
set -eu
time=${1:?usage: tools/fuzz.sh TIME [PATTERN]}
pattern=${2:-.}
cd "$(dirname "$0")/.."
root=$PWD
. tools/goenv.sh

found=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
printf '%-28s %-28s %12s  %s\n' package target executions result
for file in $(grep -rl --include='*_test.go' '^func Fuzz' internal cmd faults 2>/dev/null | sort); do
	package=$(dirname "$file")
	for target in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file" | grep -E "$pattern" || true); do
		result=clean
		# Go would spend up to a minute on making each new input smaller.
		go test "./$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 100x -parallel 1 >"$log" 2>&1 || result=FOUND
		executions=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -1)
		printf '%-28s %-28s %12s  %s\n' "$package" "$target" "${executions:-0}" "$result"
		if [ "$result" = FOUND ]; then
			found=1
			tail -20 "$log"
		fi
	done
done
exit $found
