package stages

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/schema"
)

var evaluate = plan.Kind{
	Name:    "evaluate",
	Doc:     "Scores classifiers on the test split, once, and compares them with a baseline.",
	Sample:  "report",
	Shown:   func(string) bool { return true },
	Version: 2,
	New: func() any {
		return &EvaluateConfig{Threads: 2, Leaks: leaksError, Embedding: 300}
	},
	Outputs: []plan.Output{
		{Name: "metrics", Type: artifact.TypeMetrics, Doc: "Scores and predictions of every classifier."},
	},
	Check:  checkEvaluate,
	Memory: evaluateMemory, MemoryBy: "threads, which is how many classifiers are scored at a time, the size of the images or texts and the width of the backbones",
	Run: runEvaluate,
}

// EvaluateConfig configures an evaluate stage.
type EvaluateConfig struct {
	Data      schema.Ref   `hcl:"data" ref:"dataset" example:"download.images.test" doc:"The test images or texts."`
	Extra     []schema.Ref `hcl:"extra,optional" ref:"dataset" doc:"More test sets with the same classes, each scored and reported like the first."`
	Baseline  schema.Ref   `hcl:"baseline" ref:"classifier" example:"finetune.scratch" doc:"The arm that the others are compared with."`
	Compare   []schema.Ref `hcl:"compare" ref:"classifier" example:"[finetune.ssl]" doc:"The other arms, in the order of the table's columns."`
	Leaks     string       `hcl:"leaks,optional" enum:"error,report" doc:"What it means if an image or text that some arm has trained on, or was pre-trained on, is in the test set too: error ends the run, report counts it and goes on."`
	Embedding int          `hcl:"embedding,optional" min:"0" max:"2000" doc:"Test images or texts in the map of what each arm's encoder sees; 0 draws none."`
	Seconds   bool         `hcl:"seconds,optional" fingerprint:"-" doc:"Put the seconds that each arm's pre-training took into the table. They differ from machine to machine and from run to run."`
	Threads   int          `hcl:"threads,optional" min:"1" fingerprint:"-" doc:"Classifiers scored at a time, each on one CPU thread."`
}

// What to do about test images that were trained on.
const (
	leaksError  = "error"
	leaksReport = "report"
)

// Validate implements schema.Validator.
func (c *EvaluateConfig) Validate() []schema.Problem {
	var p problems
	for i, ref := range c.Compare {
		if ref == c.Baseline || slices.Contains(c.Compare[:i], ref) {
			p.add(fmt.Sprintf("compare[%d]", i), "%s is compared with itself.", ref.Stage)
		}
	}
	for i, ref := range c.Extra {
		if ref == c.Data || slices.Contains(c.Extra[:i], ref) {
			p.add(fmt.Sprintf("extra[%d]", i), "%s is there twice.", ref)
		}
	}
	return p
}

func checkEvaluate(_ any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	var p problems
	check := func(field string, facts plan.Facts) {
		if facts.Split != splitTest && facts.Split != "" {
			p.add(field, "The %s split has a part in training or in choices, so a score on it would flatter. Use the test output.", facts.Split)
		}
	}
	check("data", in.One("data"))
	for i, facts := range in.All("extra") {
		check(fmt.Sprintf("extra[%d]", i), facts)
	}
	return nil, p
}

// Scores is what an evaluate stage hands on, as scores.json. Arms are numbered:
// 0 is the baseline, then come those of compare. Their names are not in it,
// since a stage can be renamed without a change of its results.
type Scores struct {
	Runs  []ScoredRun   `json:"runs"`
	Sets  []ScoredSet   `json:"sets"`  // the stage's test set, then the extra ones
	Parts []report.Part `json:"parts"` // of the data that the classifiers have read
	Leaks []report.Leak `json:"leaks"`
}

// ScoredRun is one classifier.
type ScoredRun struct {
	Arm        int                     `json:"arm"`
	Seed       int                     `json:"seed"`
	Classifier artifact.ClassifierMeta `json:"classifier"`
}

// ScoredSet is a test set with the scores on it.
type ScoredSet struct {
	Data       artifact.DatasetMeta `json:"data"`
	Digest     string               `json:"digest"`      // of images and labels
	TestImages int                  `json:"test_images"` // or texts
	Scores     []RunScore           `json:"scores"`      // of Scores.Runs, one for one
	Embeddings []ArmEmbedding       `json:"embeddings,omitempty"`
	Pictures   *report.Pictures     `json:"pictures,omitempty"`
	Texts      []string             `json:"texts,omitempty"` // in place of pictures
	Language   []LanguageScore      `json:"language,omitempty"`
}

// noun is what the set is made of.
func (s *ScoredSet) noun() string { return s.Data.Text.Noun() }

// RunScore is how one classifier does on one test set.
type RunScore struct {
	Values    map[string]float64 `json:"values"`
	Confusion metrics.Confusion  `json:"confusion"`
	Recall    []float64          `json:"recall"` // of each class
	Bins      []metrics.Bin      `json:"bins"`
	Right     string             `json:"right"` // a 1 or 0 for each test image
	// Mistakes of the first seed, the most confident first. Their pictures are
	// numbers of test examples until the set's pictures are drawn, or its texts read.
	Mistakes []report.Mistake `json:"mistakes,omitempty"`
}

// ArmEmbedding is how the encoder of an arm sees test images.
type ArmEmbedding struct {
	Arm int `json:"arm"`
	report.Embedding
}

// ScoresFile is the name of that file in the artifact.
const ScoresFile = "scores.json"

func runEvaluate(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*EvaluateConfig)
	e := &evaluation{config: c, env: env, out: filepath.Join(env.Dir, "out")}
	if err := errors.Join(os.RemoveAll(e.out), os.MkdirAll(e.out, 0o755)); err != nil {
		return nil, err
	}
	defer e.close()
	if err := e.open(); err != nil {
		return nil, err
	}
	if err := e.findLeaks(ctx); err != nil {
		return nil, err
	}
	for i := range e.sets {
		if err := e.scoreSet(ctx, i); err != nil {
			return nil, err
		}
	}
	if err := e.write(); err != nil {
		return nil, fmt.Errorf("write scores: %w", err)
	}
	return map[string]artifact.Output{"metrics": {Type: artifact.TypeMetrics, Meta: artifact.MetricsMeta{
		TestImages: len(e.sets[0].indices), Classifiers: len(e.runs),
	}, Scores: e.accuracies()}}, nil
}

// accuracies are those of the classifiers on the first test set.
func (e *evaluation) accuracies() map[string]float64 {
	all := make(map[string]float64, len(e.scores.Runs))
	for i, run := range e.scores.Runs {
		name := fmt.Sprintf("accuracy of arm %d at %s, seed %d", run.Arm, metrics.LabelsText(run.Classifier.LabelsPerClass), run.Seed)
		all[name] = e.scores.Sets[0].Scores[i].Values[metrics.Accuracy]
	}
	return all
}

// evaluation gathers scores.
type evaluation struct {
	config *EvaluateConfig
	env    *plan.Env
	out    string
	sets   []*splitData
	runs   []armRun
	scores Scores
}

// armRun is one classifier of an arm.
type armRun struct {
	ScoredRun
	handle artifact.Handle
}

// open opens the test sets and reads what the classifiers are.
func (e *evaluation) open() error {
	for _, h := range slices.Concat(e.env.Inputs["data"], e.env.Inputs["extra"]) {
		data, err := openDataset(h)
		if err != nil {
			return err
		}
		e.sets = append(e.sets, data)
	}
	add := func(arm int, h artifact.Handle) error {
		run := armRun{ScoredRun: ScoredRun{Arm: arm, Seed: h.Coord[coordSeed]}, handle: h}
		err := h.Decode(&run.Classifier)
		e.runs = append(e.runs, run)
		e.scores.Runs = append(e.scores.Runs, run.ScoredRun)
		return err
	}
	for _, h := range e.env.Inputs["baseline"] {
		if err := add(0, h); err != nil {
			return err
		}
	}
	// The inputs of compare follow each other in the order of the list, so a
	// new arm begins where the stage changes.
	units, arm := e.env.Unit.Inputs["compare"], 0
	for i, h := range e.env.Inputs["compare"] {
		if i == 0 || units[i].Stage != units[i-1].Stage {
			arm++
		}
		if err := add(arm, h); err != nil {
			return err
		}
	}
	return cmp.Or(e.checkForms(), e.checkClasses(), e.checkDraws())
}

// checkDraws refuses label budgets that come to the same number of labels per
// class, and yet are not the same: a table would take one for the other.
func (e *evaluation) checkDraws() error {
	type budget struct{ labels, seed int }
	type armBudget struct {
		budget
		arm int
	}
	seen, drawn := map[armBudget]armRun{}, map[budget]armRun{}
	for _, run := range e.runs {
		c := run.Classifier
		at := budget{c.LabelsPerClass, run.Seed}
		if other, twice := seen[armBudget{at, run.Arm}]; twice {
			return fmt.Errorf("%s and %s both have %s: choose label budgets further apart",
				other.handle.Unit, run.handle.Unit, metrics.LabelsText(c.LabelsPerClass))
		}
		seen[armBudget{at, run.Arm}] = run
		other, there := drawn[at]
		if there && other.Classifier.Draw != c.Draw && slices.Equal(labelledData(other), labelledData(run)) {
			return fmt.Errorf("%s and %s both have %s, but not of the same %s, so they cannot be paired: give both label budgets in the same way",
				other.handle.Unit, run.handle.Unit, metrics.LabelsText(c.LabelsPerClass), c.Text.Noun())
		}
		drawn[at] = run
	}
	return nil
}

// labelledData is what a classifier has drawn its labels from.
func labelledData(run armRun) []artifact.DataUse {
	return slices.DeleteFunc(slices.Clone(run.Classifier.Data), func(d artifact.DataUse) bool { return d.Purpose != "training" })
}

// checkForms refuses classifiers that read other examples than a test set has.
func (e *evaluation) checkForms() error {
	for _, data := range e.sets {
		for _, run := range e.runs {
			reads := form{shape: run.Classifier.InputShape, text: run.Classifier.Text}
			if has := formOf(data.Meta); !reads.same(has) {
				return fmt.Errorf("score %s: it reads %v, but the test set %s has %v", run.handle.Unit, reads, data.Meta.Name, has)
			}
		}
	}
	return nil
}

// checkClasses refuses classifiers of other classes than a test set has, before
// anything is scored.
func (e *evaluation) checkClasses() error {
	for _, data := range e.sets {
		for _, run := range e.runs {
			if classes := run.Classifier.Classes; !slices.Equal(classes, data.Meta.Classes) {
				return fmt.Errorf("score %s: it knows the classes %s, but the test %s of %s have %s", run.handle.Unit,
					strings.Join(classes, ", "), data.Meta.Text.Noun(), data.Meta.Name, strings.Join(data.Meta.Classes, ", "))
			}
		}
	}
	return nil
}

func (e *evaluation) close() {
	for _, data := range e.sets {
		_ = data.Close()
	}
}

func (e *evaluation) write() error {
	text, err := json.Marshal(e.scores)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(e.out, ScoresFile), append(text, '\n'), 0o644)
}
