package stages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/tf"
)

// mistakesKept is how many mistakes of a classifier are kept, as pictures or texts.
const mistakesKept = 12

// scoreSet scores every classifier on one test set, as many at a time as the
// stage has threads, and keeps what its pages show.
func (e *evaluation) scoreSet(ctx context.Context, i int) error {
	data := e.sets[i]
	set := ScoredSet{
		Data: data.Meta, Digest: data.Digest(data.indices), TestImages: len(data.indices),
		Scores: make([]RunScore, len(e.runs)),
	}
	var done atomic.Int64
	err := e.parallel(ctx, len(e.runs), func(r int) error {
		var err error
		if set.Scores[r], err = e.score(data, e.runs[r]); err != nil {
			return fmt.Errorf("score %s: %w", e.runs[r].handle.Unit, err)
		}
		e.env.Report(plan.Progress{Step: i*len(e.runs) + int(done.Add(1)), Total: len(e.sets) * len(e.runs)})
		return nil
	})
	if err == nil {
		set.Embeddings, err = e.embed(ctx, data)
	}
	if err == nil {
		set.Language, err = e.predict(ctx, data)
	}
	if err == nil {
		err = e.keep(&set, data, fmt.Sprintf("pictures-%d.png", i))
	}
	e.scores.Sets = append(e.scores.Sets, set)
	return err
}

// parallel calls do for 0 to n-1, as many at a time as the stage has threads.
func (e *evaluation) parallel(ctx context.Context, n int, do func(i int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.config.Threads)
	for i := range n {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return do(i)
		})
	}
	return group.Wait()
}

// score runs the exported SavedModel, the same that a user loads, over the test
// examples.
func (e *evaluation) score(data *splitData, run armRun) (RunScore, error) {
	probabilities, err := e.infer(data, run.handle, "serving_default", "probabilities", data.indices)
	if err != nil {
		return RunScore{}, err
	}
	truth := make([]int32, len(data.indices))
	for i, example := range data.indices {
		truth[i] = data.Label(example)
	}
	s, err := metrics.Score(truth, probabilities, len(data.Meta.Classes))
	if err != nil {
		return RunScore{}, err
	}
	score := RunScore{Values: s.Values, Confusion: s.Confusion, Recall: s.Recall, Bins: s.Bins}
	right := make([]byte, len(truth))
	for i, t := range truth {
		right[i] = '0'
		if s.Predicted[i] == t {
			right[i] = '1'
		}
	}
	score.Right = string(right)
	if e.shown(run) {
		score.Mistakes = worst(truth, s.Predicted, probabilities)
	}
	return score, nil
}

// shown tells whether a run stands for its arm where one has to: the first seed
// at the largest label budget.
func (e *evaluation) shown(run armRun) bool {
	for _, other := range e.runs {
		if other.Arm == run.Arm && (other.Classifier.LabelsPerClass > run.Classifier.LabelsPerClass ||
			other.Classifier.LabelsPerClass == run.Classifier.LabelsPerClass && other.Seed < run.Seed) {
			return false
		}
	}
	return true
}

// worst are the mistakes that a classifier is surest of.
func worst(truth, predicted []int32, probabilities []float32) []report.Mistake {
	classes := len(probabilities) / len(truth)
	var all []report.Mistake
	for i, t := range truth {
		if p := predicted[i]; p != t {
			all = append(all, report.Mistake{
				Picture: i, Truth: int(t), Predicted: int(p), Probability: float64(probabilities[i*classes+int(p)]),
			})
		}
	}
	slices.SortStableFunc(all, func(a, b report.Mistake) int { return cmp.Compare(b.Probability, a.Probability) })
	return all[:min(len(all), mistakesKept)]
}

// infer returns one output of a classifier's signature for the examples, row by row.
func (e *evaluation) infer(data *splitData, h artifact.Handle, signature, output string, indices []int) (rows []float32, err error) {
	model, err := tf.LoadModel(filepath.Join(h.Path, ModelDir), tf.SessionOptions{Threads: 1, Device: tf.Device(e.env.Device)})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	form := formOf(data.Meta)
	raw, err := form.alloc(judgeBatch)
	if err != nil {
		return nil, err
	}
	input, err := form.serve(raw)
	if err != nil {
		return nil, err
	}
	err = inBatches(data.Dataset, indices, raw, func(chosen []int) error {
		out, err := model.Run(signature, map[string]*tf.Tensor{form.input(): input()})
		if err != nil {
			return err
		}
		values := out[output].Float32s()
		rows = append(rows, values[:len(values)/judgeBatch*len(chosen)]...)
		return nil
	})
	return rows, err
}
