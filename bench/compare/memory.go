package main

import (
	"context"
	"fmt"
)

var memory = workload{
	Name: "memory",
	Doc:  "peak resident memory of a process that trains (VmHWM), everything included",
	Run:  measureMemory,
}

// memorySteps are enough for allocators to have reached their peak.
const memorySteps = 6

// measureMemory trains a little in a process of its own for each contender and
// batch.
func measureMemory(ctx context.Context, l *lab) ([]result, error) {
	batches := []int{64, 128, 256}
	if l.quick {
		batches = batches[:1]
	}
	contenders := stepRace(l).contenders
	var results []result
	for _, batch := range batches {
		results = append(results, l.peaks(ctx, "memory", l.stepOf(networks[0], batch), contenders))
	}
	return results, ctx.Err()
}

// peaks measures one scenario.
func (l *lab) peaks(ctx context.Context, workload string, s scenario, contenders []contender) result {
	out := result{Workload: workload, Case: s.Name, Unit: "MiB", Better: less}
	for _, c := range contenders {
		// Compiling, which takes minutes, has a peak of its own.
		if c.Name == compiled || ctx.Err() != nil {
			continue
		}
		r := row{Contender: c.Name}
		peak, err := l.peakOf(ctx, c, s)
		if err != nil {
			r.Failed = err.Error()
		} else {
			r.Samples = []float64{peak / (1 << 20)}
			l.logf("  %s, %s: %.0f MiB", c.Name, s.Name, peak/(1<<20))
		}
		out.Rows = append(out.Rows, r)
	}
	return out
}

func (l *lab) peakOf(ctx context.Context, c contender, s scenario) (float64, error) {
	n := &lane{contender: c, lab: l}
	defer n.close()
	if err := n.start(ctx); err != nil {
		return 0, err
	}
	if err := n.ready(s, 0); err != nil {
		return 0, err
	}
	if _, err := n.peer.ask(request{Do: "run", N: memorySteps}, sliceWait); err != nil {
		return 0, fmt.Errorf("train: %w", err)
	}
	return n.peer.peak()
}
