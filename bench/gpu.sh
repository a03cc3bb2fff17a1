#!/bin/bash
# Checks and measures the program on a machine with an NVIDIA GPU, and prints one table.
# It ends within 8 minutes: what is not done by then is said to have failed.
#
#   bench/gpu.sh                 all of it
#   bench/gpu.sh --dry-run       its commands, of which the shortest check runs, on the CPU
#   bench/gpu.sh --peers DIR     environments of Keras and PyTorch, as of make bench
#
# The checks are the tests of networks, with outputs and gradients of TensorFlow's own
# operations on the GPU against those that Keras, timm, torchvision and Hugging Face made
# on CPUs. The step benchmark is that of make bench. Needed before: ./sslpipe runtime
# install gpu; and once, for Keras and PyTorch, which take minutes and gigabytes,
#   make bench flags='--only step --quick --device gpu'
# Environment: SSLPIPE_DEPS for runtimes elsewhere. The exit code is 1 if a check fails.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1

device=gpu dry=false peers=()
while [ $# -gt 0 ]; do
	case $1 in
	--dry-run) device=cpu dry=true ;;
	--peers) peers=(--peers "${2:?--peers needs a folder}") && shift ;;
	*) echo "gpu.sh: there is no $1: use --dry-run or --peers DIR" >&2 && exit 2 ;;
	esac
	shift
done

root=$PWD
. tools/goenv.sh
deps=${SSLPIPE_DEPS:-$root/.deps}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export SSLPIPE_TEST_DEVICE=$device SSLPIPE_TEST_RUNTIME=$deps/tensorflow-$(sed -n 's/^const Version = "\(.*\)"/\1/p' internal/tfruntime/tfruntime.go)-$device
export SSLPIPE_DEPS=$deps
failed=0 limit=470 # seconds of all checks

# row WHAT RESULT: a line of the table.
row() { printf '%-54s  %s\n' "$1" "$2" >>"$folder/table"; }

# check WHAT COMMAND...: runs it, and notes whether it ended well and in which time.
check() {
	local what=$1 began=$SECONDS
	shift
	echo "+ $*" >&2
	if timeout $((began < limit ? limit - began : 1)) "$@" >"$folder/log" 2>&1; then
		row "$what" "ok, $((SECONDS - began)) s"
	else
		cat "$folder/log" >&2
		row "$what" "FAILED, $((SECONDS - began)) s"
		failed=1
	fi
}

# long WHAT COMMAND...: is check, and in a dry run printed alone.
long() {
	if $dry; then
		echo "+ ${*:2}" >&2
		row "$1" "not run"
	else
		check "$@"
	fi
}

tests() { echo go test -count=1 "./internal/$1" -run "^($2)\$"; }

long "program" go build -o "$folder/sslpipe" ./cmd/sslpipe
long "driver, libraries, devices (sslpipe doctor)" "$folder/sslpipe" doctor --device gpu
$dry || cat "$folder/log" >&2
check "BERT, GPT-2: outputs and gradients as Hugging Face" $(tests backbone TestTransformerIsThatOfHuggingFace)
long "ResNet-18: outputs and gradients as torchvision" $(tests backbone TestResNetIsTorchvisions)
long "ViT: outputs and gradients as timm" $(tests backbone TestViTIsThatOfTimm)
long "MobileNetV2: blocks as Keras" $(tests backbone TestBlocksAreKeras)
long "MobileNetV2: networks as close as Keras to itself" $(tests backbone TestNetworksAreAsCloseAsKerasIsToItself)
long "layers, losses: gradients as central differences" $(tests nn 'TestLayerGradients|TestLossGradients|TestTransformerGradients')
long "mixed precision: rounding, gradients, training" go test -count=1 ./internal/nn ./internal/backbone -run '^TestMixed'
long "a pipeline trains on the GPU" "$folder/sslpipe" run cmd/sslpipe/testdata/tiny.hcl --device gpu --state "$folder/state" --models "$folder/models" --lock=false
long "step benchmark" go run ./bench/compare --only step --quick --device gpu --out "$folder/results" "${peers[@]}"

echo
cat "$folder/table"
for table in "$folder"/results/*.md; do
	[ -e "$table" ] && sed -n '/^|/p' "$table"
done
exit $failed
