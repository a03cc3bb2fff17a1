package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// environment is a virtual environment of Python with pinned packages.
type environment struct {
	name         string // of its folder, also under --peers
	requirements string
	pip          []string // how pip is to install them
}

// The environments of the peers. That of Keras for the CPU is the one that tests
// compare models with (.ci/run makes it in the same place).
var (
	kerasVenv    = environment{"referee", "testdata/referee-requirements.txt", []string{"--no-deps"}}
	kerasGPUVenv = environment{"referee-gpu", "bench/peers/requirements-keras-gpu.txt", nil}
	torchVenv    = environment{"peers-venv", "bench/peers/requirements-torch.txt", nil}
)

// madeIn is where environments are made, unless --peers names others.
const madeIn = ".deps"

// installPeers makes the environments that are not there. One that cannot be made
// costs the rows of its peers.
func (l *lab) installPeers(ctx context.Context) {
	if l.peers != "" {
		return
	}
	l.peers = madeIn
	for _, e := range []environment{l.keras(), torchVenv} {
		if err := l.install(ctx, e); err != nil {
			l.logf("%s cannot be made: %v", e.name, err)
		}
	}
}

// keras is Keras's environment for the device.
func (l *lab) keras() environment {
	if l.device == "gpu" {
		return kerasGPUVenv
	}
	return kerasVenv
}

// install makes an environment anew, unless its packages are those that are wanted.
func (l *lab) install(ctx context.Context, e environment) error {
	dir := filepath.Join(madeIn, e.name)
	wanted, err := os.ReadFile(e.requirements)
	if err != nil {
		return err
	}
	mark := filepath.Join(dir, "installed.txt")
	if installed, err := os.ReadFile(mark); err == nil && bytes.Equal(installed, wanted) {
		return nil
	}
	l.logf("making %s from %s, once: some minutes and gigabytes", dir, e.requirements)
	python, err := findPython(ctx)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	pip := append([]string{filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, e.pip...)
	for _, command := range [][]string{{python, "-m", "venv", dir}, append(pip, "-r", e.requirements)} {
		if text, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w: %s", command, err, bytes.TrimSpace(text))
		}
	}
	return os.WriteFile(mark, wanted, 0o644)
}

// findPython names an interpreter that the pinned packages support.
func findPython(ctx context.Context) (string, error) {
	for _, name := range []string{"python3.11", "python3.12", "python3"} {
		check := "import sys, ensurepip, venv; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))"
		if exec.CommandContext(ctx, name, "-c", check).Run() == nil {
			return name, nil
		}
	}
	return "", errors.New("found no Python 3.11 or 3.12 with venv (Debian, Ubuntu: apt-get install python3-venv), or --peers with environments that are there")
}

// python is a script in bench/peers in one of the environments.
func (l *lab) python(e environment, script string) program {
	interpreter := filepath.Join(l.peers, e.name, "bin", "python")
	if _, err := os.Stat(interpreter); err != nil {
		return program{missing: fmt.Errorf("there is no %s", interpreter)}
	}
	gpus := ""
	if l.device == "gpu" {
		gpus = "0"
	}
	return program{
		command: []string{interpreter, filepath.Join("bench", "peers", script)},
		environment: []string{
			"OMP_NUM_THREADS=" + strconv.Itoa(l.threads), "CUDA_VISIBLE_DEVICES=" + gpus, "TF_CPP_MIN_LOG_LEVEL=2",
			"PYTHONDONTWRITEBYTECODE=1", "LIGHTLY_DID_VERSION_CHECK=True",
			// What torch.compile has compiled serves the next time too.
			"TORCHINDUCTOR_CACHE_DIR=" + filepath.Join(os.TempDir(), "sslpipe-bench-torch"), "TORCHINDUCTOR_FX_GRAPH_CACHE=1",
		},
	}
}
