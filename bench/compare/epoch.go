package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

var simclrEpoch = workload{
	Name: "simclr",
	Doc:  "a SimCLR epoch from the stored data set, augmentation included",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return l.epoch(ctx, "simclr") },
}

var rotationEpoch = workload{
	Name: "rotation",
	Doc:  "an epoch of rotation prediction from the stored data set",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return l.epoch(ctx, "rotation") },
}

// epochBatch is the batch_size of epoch.hcl, in source images.
const epochBatch = 128

// epochWait is how long a contender may take to prepare and to do an epoch.
const epochWait = 10 * time.Minute

// epochImages is how many images an epoch has.
func (l *lab) epochImages() int {
	if l.quick {
		return 2_000
	}
	return 10_000
}

// epoch races whole epochs. Ours is bin/sslpipe as a user runs it.
func (l *lab) epoch(ctx context.Context, task string) ([]result, error) {
	data, err := l.stored()
	if err != nil {
		return nil, err
	}
	program := map[string]any{"task": task, "real": l.real()}
	ours := func(units, threads int) contender {
		name := "sslpipe"
		if units > 1 {
			name = fmt.Sprintf("sslpipe, %d units of %d thread", units, threads)
		}
		return contender{Name: name, Start: l.ours(), Work: "epoch", Params: with(program, "units", units, "threads", threads), Wait: epochWait}
	}
	return race{
		workload: task, unit: "source images/s",
		contenders: []contender{
			ours(1, l.threads), ours(l.threads, 1),
			{Name: "PyTorch with lightly", Start: l.python(torchVenv, "torch_epoch.py"), Params: map[string]any{
				"task": task, "data": data, "alpha": 0.35, "strides": "small", "batch": epochBatch, "threads": l.threads, "device": l.device,
			}, Wait: epochWait},
		},
		scenarios: []scenario{l.epochScenario()},
	}.run(ctx, l)
}

func (l *lab) epochScenario() scenario {
	return scenario{Name: fmt.Sprintf("alpha 0.35, 32 px, %d images, batch %d", l.epochImages(), epochBatch)}
}

// oursEpoch runs pre-trainings of n epochs. Their images a second are summed.
func oursEpoch(p params) (work, error) {
	chosen := "pretrain." + p.Task
	variables := []string{"--var", fmt.Sprint("units=", p.Units), "--var", fmt.Sprint("threads=", p.Threads)}
	if p.Workers > 1 {
		variables = append(variables, "--workers", strconv.Itoa(p.Workers))
	}
	return func(n int) (reply, error) {
		args := append([]string{"--only", chosen, "--force", chosen, "--var", fmt.Sprint("epochs=", n)}, variables...)
		events, err := p.Real.run(args...)
		if err != nil {
			return reply{}, err
		}
		units := finished(events)
		var all reply
		var beside float64
		for unit, total := range units {
			steps, seconds := pace(events, unit)
			if steps <= 0 || seconds <= 0 {
				return all, errors.New("the epoch is too short to tell its speed")
			}
			all.Items += float64(steps*epochBatch) / seconds
			beside += (total - seconds) / float64(len(units))
		}
		all.Seconds = 1
		all.Note = fmt.Sprintf("and %.1f s a unit to start, to take the first steps and to export", beside)
		return all, nil
	}, nil
}
