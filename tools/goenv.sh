# shellcheck shell=sh
# What the go command needs for the packages that call TensorFlow. Sourced with
# $root naming the checkout: . tools/goenv.sh; go test ./...
# The headers are compiled against; the library is opened at run time.
: "${root:?}"
export CGO_ENABLED=1
export CGO_CFLAGS="-O2 -g \"-I$root/third_party/tensorflow/include\""
export CGO_LDFLAGS="\"-L$root/third_party/tensorflow/lib\""
# Where go.dev's installation instructions put it.
if ! command -v go >/dev/null; then export PATH="$PATH:/usr/local/go/bin"; fi
