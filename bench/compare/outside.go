package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
	"sslpipe/internal/tf"
)

var outside = workload{
	Name: "outside",
	Doc:  "the share of a training epoch that is spent outside of TensorFlow: feeding, reporting, checkpoints",
	Run:  raceOutside,
}

func raceOutside(ctx context.Context, l *lab) ([]result, error) {
	if _, err := l.stored(); err != nil {
		return nil, err
	}
	var all []result
	for _, task := range []string{"simclr", "rotation"} {
		results, err := race{
			workload: "outside", unit: "% of an epoch", seconds: true,
			contenders: []contender{{Name: "sslpipe", Start: l.ours(), Work: "outside", Params: map[string]any{"task": task, "real": l.real(), "threads": l.threads}}},
			scenarios:  []scenario{{Name: fmt.Sprintf("%s, alpha 0.35, 32 px, %d images", task, l.epochImages())}},
		}.run(ctx, l)
		all = append(all, results...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// oursOutside runs the pipeline that the real program runs, in this process, where
// time in TensorFlow can be counted. Its "seconds" are the percentage.
func oursOutside(p params) (work, error) {
	return func(n int) (reply, error) {
		store, err := artifact.OpenStore(filepath.Join(p.Real.State, "cache"))
		if err != nil {
			return reply{}, err
		}
		// Another name for what computes, so that nothing is found stored but what this
		// work has stored itself.
		pipeline, diags := plan.Load([]string{pipelineFile}, stages.Kinds, plan.Options{Given: p.given(n), Runtime: "bench/outside"})
		if diags.HasErrors() {
			return reply{}, diags
		}
		address := "pretrain." + p.Task
		chosen, err := pipeline.Select(plan.Selection{Until: []string{address}, Force: []string{address}})
		if err != nil {
			return reply{}, err
		}
		var s share
		result, err := run.Execute(context.Background(), pipeline, run.Options{
			Store: store, Cores: p.Threads, Device: p.Real.Device, RunsDir: filepath.Join(p.Real.State, "runs"),
			CheckpointEvery: 15 * time.Second, Chosen: chosen, Sink: func(e run.Event) { s.see(e, address) },
		})
		if err != nil {
			return reply{}, err
		}
		percent, err := s.percent()
		return reply{Seconds: percent, Items: 1}, errors.Join(err, result.Close())
	}, nil
}

// given are the pipeline's variables.
func (p params) given(epochs int) []plan.Given {
	var given []plan.Given
	for _, text := range []string{
		"images=" + p.Real.Images, fmt.Sprint("unlabelled=", p.Real.Count), fmt.Sprint("epochs=", epochs), fmt.Sprint("threads=", p.Threads),
	} {
		given = append(given, plan.Given{Var: text})
	}
	return given
}

// share compares the clock with the time in TensorFlow, from the first report of a
// unit to its last.
type share struct {
	began, ended   time.Time
	inside, inRuns time.Duration // between them, and at the first
}

func (s *share) see(e run.Event, address string) {
	if e.Type != run.UnitProgress || e.Progress.Step == 0 || !strings.HasPrefix(e.Unit, address) {
		return
	}
	if s.began.IsZero() {
		s.began, s.inRuns = time.Now(), tf.InRuns()
	}
	s.ended, s.inside = time.Now(), tf.InRuns()-s.inRuns
}

func (s *share) percent() (float64, error) {
	if spent := s.ended.Sub(s.began); spent > 0 {
		return 100 * (1 - s.inside.Seconds()/spent.Seconds()), nil
	}
	return 0, errors.New("the epoch is too short to tell where its time goes")
}
