package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"sslpipe/internal/tfruntime"
)

var workersEpoch = workload{
	Name: "workers",
	Doc:  "an epoch by workers of one thread, and by one process with as many threads",
	Run:  raceWorkers,
}

// raceWorkers races the same cores with and without the exchange of gradients. Workers
// train on the CPU.
func raceWorkers(ctx context.Context, l *lab) ([]result, error) {
	if _, err := l.stored(); err != nil {
		return nil, err
	}
	program := l.real()
	program.Device = tfruntime.CPU
	ours := func(name string, workers, threads int) contender {
		params := map[string]any{"task": "rotation", "real": program, "units": 1, "workers": workers, "threads": threads}
		return contender{Name: name, Start: l.ours(), Work: "epoch", Params: params, Wait: epochWait}
	}
	results, err := race{
		workload: "workers", unit: "source images/s", slice: time.Second,
		contenders: []contender{
			ours(fmt.Sprintf("sslpipe, %d workers of 1 thread", l.threads), l.threads, 1),
			ours(fmt.Sprintf("sslpipe, %d threads", l.threads), 1, l.threads),
		},
		scenarios: []scenario{l.epochScenario()},
	}.run(ctx, l)
	if err != nil {
		return results, err
	}
	results[0].Note, err = l.exchanged(ctx)
	return results, err
}

// exchanged is what bench/profile says of a step's collectives.
func (l *lab) exchanged(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "run", "./bench/profile", "--workers", strconv.Itoa(l.threads), "--threads", "1",
		"--alpha", "0.35", "--pixels", "32", "--strides", "small", "--batch", strconv.Itoa(rotations*epochBatch))
	var stderr tail
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("profile a step of workers: %w: %s", err, stderr.last())
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return "A step has " + strings.Join(lines[max(0, len(lines)-2):], "; ") + ".", nil
}

// rotations are the images that rotation prediction makes of one.
const rotations = 4
