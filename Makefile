# make build | test | lint | bench | faults | fuzz. Everything else is ./sslpipe --help.
.PHONY: build test lint bench faults fuzz

SHELL := /bin/sh
.SHELLFLAGS := -ec
root := $(CURDIR)
# How to build, and what cgo needs, is written down once, in tools/.
build := root='$(root)'; . tools/build.sh; build_if_stale
goenv := root='$(root)'; . tools/goenv.sh

golangci_version := 2.15.0
golangci := $(root)/.deps/golangci-lint-$(golangci_version)/golangci-lint

build:
	@$(build)

# The tests of the packages that compute open TensorFlow's library.
test: build
	@bin/sslpipe runtime install cpu
	@$(goenv); go test -timeout 30m ./...

# Injures the program in every way that we know of; hours on two cores. Options
# go into flags: make faults flags='--only kill --count 20'.
faults: build
	@bin/sslpipe runtime install cpu
	@$(goenv); go run ./faults --program bin/sslpipe $(flags)

# Measures beside Keras and PyTorch, which it installs; bench/README.md has the flags:
# make bench flags='--only step --quick'.
bench: build
	@bin/sslpipe runtime install cpu
	@$(goenv); go run ./bench/compare $(flags)

lint: $(golangci)
	@$(goenv); $(golangci) run --allow-parallel-runners ./...

# Every reader: make fuzz time=1h only=dataset.
fuzz: build
	@bin/sslpipe runtime install cpu
	@tools/fuzz.sh $(or $(time),1m) '$(only)'

$(golangci):
	@echo "installing golangci-lint $(golangci_version) (once, about a minute) ..." >&2
	@$(goenv); GOBIN='$(@D)' go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(golangci_version)
