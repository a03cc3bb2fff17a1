#!/bin/sh
# Fuzzes every reader of the program, as many at a time as there are processors, and
# sums up.
# Usage: tools/fuzz.sh TIME [PATTERN]
#   TIME     for each target, as 30s, 5m or 1h
#   PATTERN  of "package target", as "internal/dataset FuzzZip", as for grep -E; all
#            of them without it
# What is found lands in the testdata/fuzz folder of its package: commit it with
# what mends it. Exit code 1 if anything was found.
set -eu
time=${1:?usage: tools/fuzz.sh TIME [PATTERN]}
pattern=${2:-.}
case $time in
[0-9]*[smh]) ;;
*)
	echo "the time for each target is as 30s, 5m or 1h, not $time" >&2
	exit 2
	;;
esac
cd "$(dirname "$0")/.."
root=$PWD
. tools/goenv.sh

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM
grep -r --include='*_test.go' -o '^func Fuzz[A-Za-z0-9_]*' internal cmd faults |
	sed 's#/[^/]*:func # #' | sort | grep -E "$pattern" >"$folder/targets" || {
	echo "no target is named like that" >&2
	exit 2
}

# Coverage is counted where something is read, and nowhere else: with all packages, as
# "go test -fuzz" has it, most of the time goes into looking at counters, and there are
# a quarter as many executions.
set --
for readers in sslpipe archive compress encoding image net/url strconv github.com/hashicorp/hcl \
	github.com/klauspost github.com/zclconf/go-cty go.yaml.in google.golang.org/protobuf; do
	set -- "$@" "-gcflags=$readers/...=-d=libfuzzer"
done
cut -d' ' -f1 "$folder/targets" | uniq | while read -r package; do
	go test -c "$@" -o "$folder/$(echo "$package" | tr / _).test" "./$package" </dev/null
done

printf '%-20s %-20s %12s %8s  %s\n' package target executions corpus result
cache=$(go env GOCACHE)/fuzz/sslpipe
xargs -P "$(nproc)" -L 1 tools/fuzz-one.sh "$time" "$folder" "$cache" <"$folder/targets" || exit 1
