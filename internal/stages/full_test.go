package stages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/train"
)

// ratesConfig trains with each rate for 15 steps and one fifth more.
func ratesConfig(rates ...float64) *FinetuneConfig {
	c := finetuneConfig(modeFull)
	c.MinSteps, c.MaxSteps, c.ValidateEvery, c.Decay = 15, 15, 3, 0.2
	c.LearningRates = rates
	// In so few steps the averages have to follow quickly.
	c.Backbone.Config.(*backbone.MobileNetV2).BatchNormMomentum = 0.5
	return c
}

// The rate is kept that is best on validation images when it is alone, the first
// on a tie. What all rates cost is counted.
func TestBestLearningRateIsKept(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	env := unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 4, coordSeed: 1})
	var notes []string
	env.Report = func(p plan.Progress) {
		if !slices.Contains(notes, p.Note) {
			notes = append(notes, p.Note)
		}
	}
	rates := []float64{1e-9, 1e-2, 3e-2}
	best, alone := 0, make([]float64, len(rates))
	for i, rate := range rates {
		_, meta := mustFinetune(t, unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 4, coordSeed: 1}), ratesConfig(rate))
		if alone[i] = meta.Validation; alone[i] > alone[best] {
			best = i
		}
	}
	c := ratesConfig(rates...)
	h, meta := mustFinetune(t, env, c)
	f, _ := fullIn(t, dir, c)
	if f.flops < 1e6 {
		t.Errorf("a step has %d operations", f.flops)
	}
	want := artifact.ClassifierMeta{
		Mode: modeFull, Classes: classNames, LabelsPerClass: 4, Layer: layerPooled,
		Rate: rates[best], Rates: rates, TrainSteps: 18, CutShort: true, Validation: alone[best],
		TrainRead: 3 * 18 * 8, TrainFLOPs: 3 * 18 * f.flops, TrainImages: 12, ValidationImages: 24,
		Draw: "0f3bfaeca78fbbd8",
	}
	want.EncoderMeta, want.BestStep, want.Curve = meta.EncoderMeta, meta.BestStep, meta.Curve
	if diff := cmp.Diff(want, meta); diff != "" {
		t.Errorf("description (-want +got):\n%s", diff)
	}
	if want := []string{"learning rate 1 of 3", "learning rate 2 of 3", "learning rate 3 of 3"}; !slices.Equal(notes, want) {
		t.Errorf("progress has the notes %q, want %q", notes, want)
	}
	losses, err := os.ReadFile(filepath.Join(h.Path, LossesFile))
	if lines := strings.Count(string(losses), "\n"); err != nil || lines != 1+3*18 || !strings.HasPrefix(string(losses), "step,loss\n1,") {
		t.Errorf("there are %d lines of losses (%v)", lines, err)
	}
	data := openUnit(t, env)
	probabilities := outputOf(t, env, data.splitData, h, "serving_default", "probabilities", data.validation)
	right := 0
	for i, image := range data.validation {
		if argMax(probabilities[3*i:3*i+3]) == int(data.Label(image)) {
			right++
		}
	}
	if accuracy := float64(right) / 24; accuracy != meta.Validation {
		t.Errorf("the model has %v of the validation images right, its description says %v", accuracy, meta.Validation)
	}
}

// One rate is no choice: nothing says that there was one.
func TestOneLearningRate(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	run := func(rates []float64, optimizer float64) (artifact.Handle, artifact.ClassifierMeta) {
		c := finetuneConfig(modeFull)
		c.LearningRates = rates
		c.Optimizer.Config.(*nn.AdamW).LearningRate = optimizer
		return mustFinetune(t, unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 2, coordSeed: 1}), c)
	}
	given, a := run([]float64{2e-3}, 1e-3)
	own, b := run(nil, 2e-3)
	if a.Rate != 2e-3 || b.Rate != 2e-3 || a.Rates != nil || b.Rates != nil {
		t.Errorf("rates %v of %v and %v of %v", a.Rate, a.Rates, b.Rate, b.Rates)
	}
	// 4 steps, and one in which the rate would fall; the unit has 6 images.
	if a.TrainSteps != 5 || a.TrainRead != 30 {
		t.Errorf("%d steps, %d images read", a.TrainSteps, a.TrainRead)
	}
	if !maps.Equal(digests(t, given.Path), digests(t, own.Path)) {
		t.Error("the same rate gives other weights where it stands in the list")
	}
}

// A unit that is stopped while it tries its second rate goes on there later and
// ends with the bits of one that was not stopped.
func TestUnitResumesInItsSecondLearningRate(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	coord := plan.Coord{coordLabels: 4, coordSeed: 1}
	c := finetuneConfig(modeFull)
	c.LearningRates = []float64{1e-9, 1e-2}
	whole, meta := mustFinetune(t, unitEnv(t, t.TempDir(), dir, coord), c)

	work := t.TempDir()
	env := unitEnv(t, work, dir, coord)
	ctx, cancel := context.WithCancel(t.Context())
	env.Report = func(p plan.Progress) {
		if p.Note == "learning rate 2 of 2" && p.Step == 2 {
			cancel()
		}
	}
	if _, err := runFinetune(ctx, env, c); !errors.Is(err, context.Canceled) {
		t.Fatalf("the unit that was stopped ended with %v", err)
	}
	env = unitEnv(t, work, dir, coord)
	var first []string // report of each rate
	env.Report = func(p plan.Progress) {
		if len(first) == 0 || !strings.HasPrefix(first[len(first)-1], p.Note) {
			first = append(first, fmt.Sprintf("%s, step %d", p.Note, p.Step))
		}
	}
	resumed, again := mustFinetune(t, env, c)
	// Step 3 is reported if the machine is slow, step 4, a validation, in any case.
	// The first rate has ended, and does not begin again.
	if after := []string{"learning rate 2 of 2, step 3", "learning rate 2 of 2, step 4"}; len(first) != 1 || !slices.Contains(after, first[0]) {
		t.Errorf("the first reports are %q, want the second rate to go on after step 2", first)
	}
	want, got := digests(t, whole.Path), digests(t, resumed.Path)
	if len(want) < 3 || !maps.Equal(got, want) {
		t.Error("other bits than those of a unit that was not stopped")
	}
	if diff := cmp.Diff(meta, again); diff != "" {
		t.Errorf("another description (-whole +resumed):\n%s", diff)
	}
}

// matching is the world of a unit that matches a pre-training of so many operations.
func matching(t *testing.T, dir string, flops int64) *plan.Env {
	t.Helper()
	env := unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 4, coordSeed: 1})
	env.Inputs["match_compute"] = []artifact.Handle{handleOf(t, artifact.TypeEncoder, "/encoder", artifact.EncoderMeta{FLOPs: flops})}
	return env
}

// A pre-training is worth as many steps as its operations are, rounded up.
func TestMatchedCompute(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	c := finetuneConfig(modeFull)
	c.ValidateEvery = 1
	f, _ := fullIn(t, dir, c)
	for flops, want := range map[int64]int{0: 0, 1: 1, f.flops: 1, 2 * f.flops: 2, 2*f.flops + 1: 3} {
		if err := f.match(matching(t, dir, flops)); err != nil || f.extra != want {
			t.Errorf("%d operations are %d steps of %d, %v; want %d", flops, f.extra, f.flops, err, want)
		}
	}
	if err := f.match(matching(t, dir, 2*f.flops+1)); err != nil {
		t.Fatal(err)
	}
	if got, want := f.policy(), (train.UntilFlat{MinSteps: 7, MaxSteps: 7, Patience: 8}); got != want {
		t.Errorf("policy %+v, want %+v", got, want)
	}
	_, meta := mustFinetune(t, matching(t, dir, 2*f.flops+1), c)
	// 4 steps and 3 more, and one in which the rate falls.
	if meta.ExtraSteps != 3 || meta.TrainSteps != 8 || meta.TrainFLOPs != 8*f.flops || !meta.CutShort {
		t.Errorf("%d steps more, %d in all, %d operations, cut short %v", meta.ExtraSteps, meta.TrainSteps, meta.TrainFLOPs, meta.CutShort)
	}
}
