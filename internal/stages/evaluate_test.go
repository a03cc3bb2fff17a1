package stages

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/plan"
)

// scoring is an evaluate unit with what it reads.
type scoring struct {
	config      *EvaluateConfig
	data, extra []artifact.Handle
	arms        [][]artifact.Handle // the baseline first
}

// in is the unit's world, in the folder dir.
func (s scoring) in(t *testing.T, dir string) *plan.Env {
	t.Helper()
	env := testEnv(t, dir)
	env.Inputs = map[string][]artifact.Handle{"data": s.data, "extra": s.extra, "baseline": s.arms[0]}
	env.Unit = &plan.Unit{Address: "evaluate.report", Inputs: map[string][]*plan.Unit{}}
	for _, arm := range s.arms[1:] {
		stage := &plan.Stage{}
		for _, h := range arm {
			env.Inputs["compare"] = append(env.Inputs["compare"], h)
			env.Unit.Inputs["compare"] = append(env.Unit.Inputs["compare"], &plan.Unit{Stage: stage})
		}
	}
	return env
}

// run runs the unit and reads the scores that it hands on.
func (s scoring) run(t *testing.T, dir string) (Scores, error) {
	t.Helper()
	env := s.in(t, dir)
	var mu sync.Mutex
	total, told := len(slices.Concat(s.arms...))*len(slices.Concat(s.data, s.extra)), map[[2]int]bool{}
	env.Report = func(p plan.Progress) {
		mu.Lock()
		defer mu.Unlock()
		told[[2]int{p.Step, p.Total}] = true
	}
	outputs, err := runEvaluate(t.Context(), env, s.config)
	if err != nil {
		return Scores{}, err
	}
	for step := range total {
		if !told[[2]int{step + 1, total}] {
			t.Errorf("progress does not tell of step %d of %d", step+1, total)
		}
	}
	if got := outputs["metrics"].Meta.(artifact.MetricsMeta); got.Classifiers != len(slices.Concat(s.arms...)) || got.TestImages != 24 {
		t.Errorf("the unit says %+v of its scores", got)
	}
	text, err := os.ReadFile(filepath.Join(dir, "out", ScoresFile))
	if err != nil {
		t.Fatal(err)
	}
	var scores Scores
	if err := json.Unmarshal(text, &scores); err != nil {
		t.Fatal(err)
	}
	return scores, nil
}

func evaluateConfig() *EvaluateConfig { return evaluate.New().(*EvaluateConfig) }

// pixelArm are classifiers of raw pixels, one for each seed.
func pixelArm(t *testing.T, data string, seeds ...int) []artifact.Handle {
	t.Helper()
	var arm []artifact.Handle
	for _, seed := range seeds {
		h, _ := mustFinetune(t, unitEnv(t, t.TempDir(), data, plan.Coord{coordLabels: 6, coordSeed: seed}), finetuneConfig(modePixels))
		arm = append(arm, h)
	}
	return arm
}

// frozenArm is one classifier on frozen features of random weights.
func frozenArm(t *testing.T, data, mode string) []artifact.Handle {
	t.Helper()
	c := finetuneConfig(mode)
	c.Layers = []string{"block_3"}
	h, _ := mustFinetune(t, unitEnv(t, t.TempDir(), data, plan.Coord{coordLabels: 6, coordSeed: 0}), c)
	return []artifact.Handle{h}
}

// TestEvaluate scores three arms on two test sets, and looks at all that is kept.
func TestEvaluate(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	more := o.dataset(t, "more", madeUpPictures(t, "more-images", 11))
	s := scoring{
		config: evaluateConfig(),
		data:   []artifact.Handle{splitOf(t, dir, splitTest)}, extra: []artifact.Handle{splitOf(t, more, splitTest)},
		arms: [][]artifact.Handle{pixelArm(t, dir, 0, 1), frozenArm(t, dir, modeLinear), frozenArm(t, dir, modeKNN)},
	}
	s.config.Threads, s.config.Embedding = 1, 20
	one := t.TempDir()
	scores, err := s.run(t, one)
	if err != nil {
		t.Fatal(err)
	}
	var runs []string
	for _, r := range scores.Runs {
		runs = append(runs, fmt.Sprint(r.Arm, r.Seed, r.Classifier.Mode))
	}
	if got, want := strings.Join(runs, ", "), "0 0pixels, 0 1pixels, 1 0linear, 2 0knn"; got != want {
		t.Errorf("runs %s, want %s", got, want)
	}
	if len(scores.Sets) != 2 || scores.Sets[0].Data.Name != "made-up" || scores.Sets[1].Data.Name != "more-images" {
		t.Fatalf("%d sets", len(scores.Sets))
	}
	for i, set := range scores.Sets {
		data, err := openDataset(slices.Concat(s.data, s.extra)[i])
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = data.Close() }()
		if set.TestImages != 24 || set.Digest != data.Digest(data.indices) || len(set.Scores) != 4 {
			t.Errorf("set %d: %d images, digest %s, %d scores", i, set.TestImages, set.Digest, len(set.Scores))
		}
		for r, h := range slices.Concat(s.arms...) {
			probabilities := outputOf(t, s.in(t, one), data, h, "serving_default", "probabilities", data.indices)
			checkScore(t, set.Scores[r], data, probabilities)
		}
		checkPictures(t, filepath.Join(one, "out"), set, data)
	}
	t.Run("mistakes of the first seed", func(t *testing.T) {
		if n := len(scores.Sets[0].Scores[1].Mistakes); n != 0 {
			t.Errorf("the second seed keeps %d mistakes", n)
		}
	})
	t.Run("threads", func(t *testing.T) {
		s.config.Threads = 2
		two := t.TempDir()
		if _, err := s.run(t, two); err != nil {
			t.Fatal(err)
		}
		a, b := digests(t, filepath.Join(one, "out")), digests(t, filepath.Join(two, "out"))
		if len(a) != 3 || !maps.Equal(a, b) {
			t.Errorf("with 1 thread %v, with 2 %v", a, b)
		}
	})
}

// checkScore compares a score with what the probabilities of test images say.
func checkScore(t *testing.T, score RunScore, data *splitData, probabilities []float32) {
	t.Helper()
	right := ""
	confusion := metrics.Confusion{{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}
	for i, image := range data.indices {
		truth, predicted := data.Label(image), argMax(probabilities[3*i:3*i+3])
		confusion[truth][predicted]++
		right += map[bool]string{true: "1", false: "0"}[int(truth) == predicted]
	}
	ones := strings.Count(right, "1")
	if score.Right != right || fmt.Sprint(score.Confusion) != fmt.Sprint(confusion) || math.Abs(score.Values[metrics.Accuracy]-float64(ones)/24) > 1e-12 {
		t.Errorf("right %s, confusion %v, accuracy %v; want %s, %v and %d of 24", score.Right, score.Confusion, score.Values[metrics.Accuracy], right, confusion, ones)
	}
	if ones == 24 || len(score.Recall) != 3 || math.Abs(score.Recall[2]-float64(confusion[2][2])/8) > 1e-12 || len(score.Bins) == 0 || score.Values[metrics.LogLoss] <= 0 {
		t.Errorf("%d right, recall %v, %d bins, log-loss %v", ones, score.Recall, len(score.Bins), score.Values[metrics.LogLoss])
	}
	for i, m := range score.Mistakes {
		if i > 0 && m.Probability > score.Mistakes[i-1].Probability {
			t.Errorf("mistake %d has probability %v, the one before it %v", i, m.Probability, score.Mistakes[i-1].Probability)
		}
	}
	if want := min(24-ones, mistakesKept); score.Mistakes != nil && len(score.Mistakes) != want {
		t.Errorf("%d mistakes are kept, want %d", len(score.Mistakes), want)
	}
}
