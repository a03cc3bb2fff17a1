package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"sslpipe/internal/run"
)

var firstStep = workload{
	Name: "start",
	Doc:  "from the start of the process to the end of its first training steps, all on the disk and warm",
	Run:  raceStart,
}

var language = workload{
	Name: "language",
	Doc:  "reading, planning and looking up, as whole processes: bench/language",
	Run:  measureLanguage,
}

// raceStart starts each contender anew in every round. Ours is the real program on
// a stored data set; it reports each quarter of a second, so that the first report
// comes that much after the first step at most.
func raceStart(ctx context.Context, l *lab) ([]result, error) {
	if _, err := l.stored(); err != nil {
		return nil, err
	}
	n := network{0.35, 32, "small"}
	theirs := map[string]any{"alpha": n.alpha, "pixels": n.pixels, "strides": n.strides, "batch": epochBatch, "threads": l.threads, "device": l.device}
	starts := []struct {
		name string
		once func() (float64, error)
	}{
		{"sslpipe run", l.startOurs},
		{"Keras fit", func() (float64, error) { return l.startPeer(ctx, l.python(l.keras(), "keras_step.py"), theirs) }},
		{"PyTorch", func() (float64, error) {
			return l.startPeer(ctx, l.python(torchVenv, "torch_step.py"), with(theirs, "compile", false))
		}},
	}
	out := result{Workload: "start", Case: fmt.Sprintf("%s, batch %d", n, epochBatch), Unit: "s", Better: less, Rows: make([]row, len(starts))}
	for range l.rounds {
		for i, s := range starts {
			r := &out.Rows[i]
			r.Contender = s.name
			if ctx.Err() != nil || r.Failed != "" {
				continue
			}
			seconds, err := s.once()
			if err != nil {
				r.Failed = err.Error()
				continue
			}
			r.Samples = append(r.Samples, seconds)
			l.logf("  %-32s %s", s.name, digits(seconds))
		}
	}
	return []result{out}, ctx.Err()
}

// startOurs is the time to the first report of a step.
func (l *lab) startOurs() (float64, error) {
	began := time.Now()
	events, err := l.real().run("--only", "pretrain.simclr", "--force", "pretrain.simclr", "--var", "epochs=1", "--var", "threads="+strconv.Itoa(l.threads))
	if err != nil {
		return 0, err
	}
	at := slices.IndexFunc(events, func(e event) bool { return e.Type == run.UnitProgress && e.Progress.Step > 0 })
	if at < 0 {
		return 0, fmt.Errorf("the run reported no step")
	}
	return events[at].Time.Sub(began).Seconds(), nil
}

// startPeer is the time to the answer after one step.
func (l *lab) startPeer(ctx context.Context, p program, params map[string]any) (float64, error) {
	if p.missing != nil {
		return 0, p.missing
	}
	began := time.Now()
	peer, err := startPeer(ctx, p.command, p.environment)
	if err != nil {
		return 0, err
	}
	defer peer.close()
	if _, err = peer.ask(request{Do: "prepare", Params: params}, usualWait); err == nil {
		_, err = peer.ask(request{Do: "run", N: 1}, usualWait)
	}
	return time.Since(began).Seconds(), err
}

// measureLanguage has bench/language measure, and takes its samples over. Its store
// stays, since filling it takes minutes.
func measureLanguage(ctx context.Context, l *lab) ([]result, error) {
	if l.quick {
		return []result{{Workload: "language", Case: "whole processes", Note: "left out, since --quick has no time to fill a store"}}, nil
	}
	program, samples := filepath.Join(l.dir, "bench-language"), filepath.Join(l.dir, "language.json")
	for _, command := range [][]string{
		{"go", "build", "-o", program, "./bench/language"},
		{program, "-program", l.program, "-rounds", strconv.Itoa(2 * l.rounds), "-samples", samples},
	} {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		var stderr tail
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("bench/language: %w: %s", err, stderr.last())
		}
	}
	text, err := os.ReadFile(samples)
	if err != nil {
		return nil, err
	}
	out := result{Workload: "language", Case: "whole processes", Unit: "ms", Better: less, Limits: true}
	var read []struct {
		Name  string    `json:"name"`
		Walls []float64 `json:"milliseconds"`
	}
	if err := json.Unmarshal(text, &read); err != nil {
		return nil, err
	}
	for _, r := range read {
		out.Rows = append(out.Rows, row{Contender: r.Name, Samples: r.Walls})
	}
	return []result{out}, nil
}
