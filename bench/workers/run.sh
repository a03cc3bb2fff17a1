#!/bin/sh
# Measures two workers of one thread each beside one worker of two threads, on this
# machine: seconds of two epochs of bench/workers/workers.hcl, which is the difference
# between a run of three and a run of one, so that starting is not in it. Runs are
# interleaved, and the smallest of each counts. Before them it prints what the workers
# exchange in a step, and how long that takes (bench/profile).
#   SSLPIPE=./sslpipe bench/workers/run.sh [ROUNDS]
set -eu
rounds=${1:-3}
here=$(cd "$(dirname "$0")" && pwd)
program=$(realpath "${SSLPIPE:-./sslpipe}")
root=$(cd "$here/../.." && pwd)
. "$root/tools/goenv.sh"
exchanged=$(cd "$root" && go run ./bench/profile --workers 2 --threads 1 --alpha 0.35 --pixels 28 --strides small)
echo "$exchanged" | tail -n 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

# seconds NAME ARGUMENT...: of the pre-training.
seconds() {
	name=$1
	shift
	"$program" run "$here/workers.hcl" --state "$name" --models "$name/models" --lock=false "$@" 2>&1 |
		sed -n 's/^pretrain\.bench.* finished in \([0-9.]*\) s.*/\1/p'
}

for round in $(seq "$rounds"); do
	for epochs in 1 3; do
		echo "threads $epochs $(seconds "t$round" --var threads=2 --var "epochs=$epochs")"
		echo "workers $epochs $(seconds "w$round" --workers 2 --var "epochs=$epochs")"
	done
done | tee /dev/stderr | awk '
	NF != 3 { print "a run failed" > "/dev/stderr"; bad = 1; exit 1 }
	!(($1, $2) in least) || $3 < least[$1, $2] { least[$1, $2] = $3 }
	END {
		if (bad) exit 1
		one = least["threads", 3] - least["threads", 1]
		two = least["workers", 3] - least["workers", 1]
		printf "1 worker, 2 threads: %.1f s; 2 workers, 1 thread each: %.1f s; ratio %.2f\n", one, two, one / two
	}'
