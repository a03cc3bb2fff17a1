package stages

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var evaluate = plan.Kind{
	Name:    "evaluate",
	Doc:     "Scores classifiers on the test split, once, and compares them with a baseline.",
	Version: 1,
	New:     func() any { return &EvaluateConfig{Threads: 2} },
	Outputs: []plan.Output{
		{Name: "metrics", Type: artifact.TypeMetrics, Doc: "Scores and predictions of every classifier."},
	},
	Check: checkEvaluate,
	Run:   runEvaluate,
}

// EvaluateConfig configures an evaluate stage.
type EvaluateConfig struct {
	Data     schema.Ref   `hcl:"data" ref:"dataset" doc:"The test images."`
	Baseline schema.Ref   `hcl:"baseline" ref:"classifier" doc:"The arm that the others are compared with."`
	Compare  []schema.Ref `hcl:"compare" ref:"classifier" doc:"The other arms, in the order of the table's columns."`
	Seconds  bool         `hcl:"seconds,optional" fingerprint:"-" doc:"Put the seconds that each arm's pre-training took into the table. They differ from machine to machine and from run to run."`
	Threads  int          `hcl:"threads,optional" min:"1" fingerprint:"-" doc:"Classifiers scored at a time, each on one CPU thread."`
}

// Validate implements schema.Validator.
func (c *EvaluateConfig) Validate() []schema.Problem {
	var problems []schema.Problem
	for i, ref := range c.Compare {
		if ref == c.Baseline || slices.Contains(c.Compare[:i], ref) {
			problems = append(problems, schema.Problem{Field: fmt.Sprintf("compare[%d]", i), Message: fmt.Sprintf("%s.%s is compared with itself.", ref.Kind, ref.Name)})
		}
	}
	return problems
}

func checkEvaluate(_ any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	facts := in.One("data")
	if facts.Split == splitTest || facts.Split == "" {
		return nil, nil
	}
	return nil, []schema.Problem{{Field: "data", Message: fmt.Sprintf(
		"The %s split has a part in training or in choices, so a score on it would flatter. Use the test output.", facts.Split)}}
}

// Scores is what an evaluate stage hands on, as scores.json. Arms are numbered:
// 0 is the baseline, then come those of compare. Their names are not in it,
// since a stage can be renamed without a change of its results.
type Scores struct {
	Data       artifact.DatasetMeta `json:"data"`
	TestImages int                  `json:"test_images"`
	Runs       []ScoredRun          `json:"runs"`
}

// ScoredRun is one classifier with its scores on the test images.
type ScoredRun struct {
	Arm        int                     `json:"arm"`
	Seed       int                     `json:"seed"`
	Classifier artifact.ClassifierMeta `json:"classifier"`
	Values     map[string]float64      `json:"values"`
	Predicted  []int32                 `json:"predicted"` // class of each test image
}

// ScoresFile is the name of that file in the artifact.
const ScoresFile = "scores.json"

func runEvaluate(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*EvaluateConfig)
	data, err := openDataset(env.Inputs["data"][0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	e := evaluation{config: c, env: env, data: data}
	e.scores = Scores{Data: data.Meta, TestImages: len(data.indices)}
	arms := e.arms()
	if err := e.scoreAll(ctx, arms); err != nil {
		return nil, err
	}
	if err := e.write(filepath.Join(env.Dir, "out")); err != nil {
		return nil, fmt.Errorf("write scores: %w", err)
	}
	return map[string]artifact.Output{"metrics": {Type: artifact.TypeMetrics, Meta: artifact.MetricsMeta{
		TestImages: len(data.indices), Classifiers: len(arms),
	}}}, nil
}

// Comparison builds the comparison of an evaluate stage from the scores that it
// stored, under the names that the arms have in the pipeline. Seconds is what
// pre-training took, by arm; nil shows none.
func (c *EvaluateConfig) Comparison(s Scores, metric string, seconds map[string]float64) *metrics.Comparison {
	names := c.Arms()
	records := make([]metrics.Record, len(s.Runs))
	for i, r := range s.Runs {
		records[i] = metrics.Record{
			Arm: names[r.Arm], Labels: r.Classifier.LabelsPerClass, Seed: r.Seed, Group: r.Classifier.Init, Values: r.Values,
		}
	}
	return metrics.Compare(records, metrics.Options{
		Baseline: names[0], Arms: names, Metric: metric, Protocol: protocol(s, names), TestImages: s.TestImages,
		Seconds: seconds,
	})
}

// Arms names the arms, the baseline first.
func (c *EvaluateConfig) Arms() []string {
	names := []string{c.Baseline.Name}
	for _, ref := range c.Compare {
		names = append(names, ref.Name)
	}
	return names
}

// evaluation gathers scores.
type evaluation struct {
	config *EvaluateConfig
	env    *plan.Env
	data   *splitData
	scores Scores
}

// armRun is one classifier of an arm.
type armRun struct {
	index  int
	handle artifact.Handle
}

// arms lists the classifiers of the baseline and then of each compared stage.
// The inputs of compare follow each other in the order of the list, so a new arm
// begins where the stage changes.
func (e *evaluation) arms() []armRun {
	var runs []armRun
	for _, h := range e.env.Inputs["baseline"] {
		runs = append(runs, armRun{0, h})
	}
	units := e.env.Unit.Inputs["compare"]
	arm := 0
	for i, h := range e.env.Inputs["compare"] {
		if i == 0 || units[i].Stage != units[i-1].Stage {
			arm++
		}
		runs = append(runs, armRun{arm, h})
	}
	return runs
}

// scoreAll scores the classifiers, as many at a time as the stage has threads.
func (e *evaluation) scoreAll(ctx context.Context, arms []armRun) error {
	e.scores.Runs = make([]ScoredRun, len(arms))
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.config.Threads)
	for i, arm := range arms {
		group.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			var err error
			if e.scores.Runs[i], err = e.score(arm.index, arm.handle); err != nil {
				return fmt.Errorf("score %s: %w", arm.handle.Unit, err)
			}
			e.env.Report(plan.Progress{Step: int(done.Add(1)), Total: len(arms)})
			return nil
		})
	}
	return group.Wait()
}

// score runs the exported SavedModel, the same that a user loads, over the test
// images.
func (e *evaluation) score(arm int, h artifact.Handle) (ScoredRun, error) {
	run := ScoredRun{Arm: arm, Seed: h.Coord["seed"]}
	if err := h.Decode(&run.Classifier); err != nil {
		return run, err
	}
	if classes := run.Classifier.Classes; !slices.Equal(classes, e.data.Meta.Classes) {
		return run, fmt.Errorf("it knows the classes %s, but the test images have %s",
			strings.Join(classes, ", "), strings.Join(e.data.Meta.Classes, ", "))
	}
	model, err := tf.LoadModel(filepath.Join(h.Path, ModelDir), tf.SessionOptions{Threads: 1, Device: tf.Device(e.env.Device)})
	if err != nil {
		return run, err
	}
	run.Predicted, err = e.predict(model)
	if err := errors.Join(err, model.Close()); err != nil {
		return run, err
	}
	truth := make([]int32, len(e.data.indices))
	for i, example := range e.data.indices {
		truth[i] = e.data.Label(example)
	}
	confusion, err := metrics.NewConfusion(truth, run.Predicted, len(e.data.Meta.Classes))
	if err != nil {
		return run, err
	}
	run.Values = confusion.Values()
	return run, nil
}

// predict returns the most probable class of every test image.
func (e *evaluation) predict(model *tf.Model) ([]int32, error) {
	shape := e.data.Meta.Shape
	raw, err := tf.Alloc(tf.Uint8, judgeBatch, shape[0], shape[1], shape[2])
	if err != nil {
		return nil, err
	}
	images, err := tf.Alloc(tf.Float32, judgeBatch, shape[0], shape[1], shape[2])
	if err != nil {
		return nil, err
	}
	var predicted []int32
	err = inBatches(e.data.Dataset, e.data.indices, raw, func(chosen []int) error {
		pixels := images.Float32s()
		for i, v := range raw.Uint8s() {
			pixels[i] = float32(v)
		}
		out, err := model.Run("serving_default", map[string]*tf.Tensor{"images": images})
		if err != nil {
			return err
		}
		logits, classes := out["logits"].Float32s(), len(e.data.Meta.Classes)
		for i := range chosen {
			predicted = append(predicted, argMax(logits[i*classes:(i+1)*classes]))
		}
		return nil
	})
	return predicted, err
}

func argMax(values []float32) int32 {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return int32(best)
}

func (e *evaluation) write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.Marshal(e.scores)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, ScoresFile), append(text, '\n'), 0o644)
}
