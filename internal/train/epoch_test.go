package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// newEpochs is a toy over this many steps, the epochs of which have length steps.
// Inspect measures w[0], and Gate lets everything pass.
func newEpochs(t *testing.T, dir string, steps, length int) *toy {
	t.Helper()
	y := newToy(t, dir, steady{steps})
	y.loop.Finite = y.finite
	y.loop.EpochEnds = func(done int) bool { return done%length == 0 || done == steps }
	y.loop.Inspect = func(int) (Values, error) { return Values{"w0": float64(y.weights(t)[0])}, nil }
	y.loop.Gate = func(Epoch) error { return nil }
	return y
}

// interrupt runs a toy up to the end of a step.
func interrupt(t *testing.T, y *toy, step int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	y.poll = func(s int) {
		if s == step {
			cancel()
		}
	}
	if state, err := y.loop.Run(ctx); !errors.Is(err, context.Canceled) || state.Step != step+1 {
		t.Fatalf("state %d, error %v; want %d and context.Canceled", state.Step, err, step+1)
	}
}

// wantFolders checks what is under a loop's folder.
func wantFolders(t *testing.T, dir string, want ...string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for i, path := range paths {
		paths[i] = filepath.Base(path)
	}
	if !slices.Equal(paths, want) {
		t.Fatalf("kept %v, want %v", paths, want)
	}
}

// restored returns the weights of a checkpoint folder.
func restored(t *testing.T, folder string) [3]float32 {
	t.Helper()
	y := newToy(t, t.TempDir(), steady{1})
	if err := y.loop.All.Restore(y.loop.Session, filepath.Join(folder, "weights")); err != nil {
		t.Fatal(err)
	}
	return y.weights(t)
}

// lastGoodIn is how errors end that stop a run with a good checkpoint.
func lastGoodIn(dir string, step int) string {
	return fmt.Sprintf(". The last good checkpoint, of step %d, is kept in %s", step, filepath.Join(dir, fmt.Sprintf("step-%d", step)))
}

func wantError(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || err.Error() != want {
		t.Errorf("error %v\nwant  %s", err, want)
	}
}

// Epochs of 4 steps and a last one of 2: the means of 0..3, 4..7 and 8, 9, and of
// their squares (14, 126 and 145 over 4, 4 and 2).
func TestEpochsAreMeansOverTheirSteps(t *testing.T) {
	y := newEpochs(t, t.TempDir(), 10, 4)
	y.loop.Step = func(step int, _ float64) (Values, error) {
		return Values{"loss": float64(step), "square": float64(step * step)}, nil
	}
	y.loop.Inspect = func(steps int) (Values, error) { return Values{"spread": 10 * float64(steps)}, nil }
	var gated []Epoch
	y.loop.Gate = func(e Epoch) error {
		gated = append(gated, e)
		return nil
	}
	reports := map[int]Values{}
	y.loop.Report = func(p Progress) { reports[p.Step] = p.Values }
	state, err := y.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []Epoch{
		{Epoch: 1, Step: 4, Values: Values{"loss": 1.5, "square": 3.5, "spread": 40}},
		{Epoch: 2, Step: 8, Values: Values{"loss": 5.5, "square": 31.5, "spread": 80}},
		{Epoch: 3, Step: 10, Values: Values{"loss": 8.5, "square": 72.5, "spread": 100}},
	}
	if diff := cmp.Diff(want, state.Epochs); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, gated); diff != "" {
		t.Errorf("the gate saw: %s", diff)
	}
	for _, e := range want {
		if diff := cmp.Diff(e.Values, reports[e.Step]); diff != "" {
			t.Errorf("reported after step %d: %s", e.Step, diff)
		}
	}
	if state.GoodStep != 10 {
		t.Errorf("the last good step is %d, want 10", state.GoodStep)
	}
}

// Interrupts fall into the second and the fourth epoch, and one onto the end of
// the third.
func TestInterruptedEpochsHaveTheSameValues(t *testing.T) {
	whole := newEpochs(t, t.TempDir(), 40, 7)
	want, err := whole.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Epochs) != 6 {
		t.Fatalf("%d epochs, want 6", len(want.Epochs))
	}
	dir := t.TempDir()
	for _, stop := range []int{9, 20, 24} {
		interrupt(t, newEpochs(t, dir, 40, 7), stop)
	}
	rest := newEpochs(t, dir, 40, 7)
	got, err := rest.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state without and with interrupts: %s", diff)
	}
	if rest.weights(t) != whole.weights(t) {
		t.Errorf("weights %v, want %v", rest.weights(t), whole.weights(t))
	}
}

// A run with a checkpoint after each step is interrupted after step 11 and goes
// on until the gate refuses step 15: the two newest checkpoints are there, and
// the one of the last good epoch.
func TestARefusalKeepsTheLastGoodCheckpoint(t *testing.T) {
	dir := t.TempDir()
	part := newEpochs(t, dir, 20, 5)
	var good [3]float32
	part.loop.Gate = func(Epoch) error {
		good = part.weights(t) // in the end those of step 10
		return nil
	}
	interrupt(t, part, 11)

	y := newEpochs(t, dir, 20, 5)
	y.loop.SaveEvery = 0
	reason := errors.New("the embeddings collapsed")
	y.loop.Gate = func(Epoch) error { return reason }
	_, err := y.loop.Run(t.Context())
	if !errors.Is(err, reason) {
		t.Errorf("error %v does not wrap the gate's", err)
	}
	wantError(t, err, "stopped after epoch 3, step 15: the embeddings collapsed"+lastGoodIn(dir, 10))
	wantFolders(t, dir, "step-10", "step-13", "step-14")
	if got := restored(t, filepath.Join(dir, "step-10")); got != good {
		t.Errorf("restored %v, want %v", got, good)
	}

	// With a looser gate the run goes on as if it had never been refused.
	whole, rest := newEpochs(t, t.TempDir(), 20, 5), newEpochs(t, dir, 20, 5)
	want, err := whole.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := rest.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("state without and with a refusal: %s", diff)
	}
	if rest.weights(t) != whole.weights(t) {
		t.Errorf("weights %v, want %v", rest.weights(t), whole.weights(t))
	}
}

func TestARefusalOfTheFirstEpochNamesNoCheckpoint(t *testing.T) {
	dir := t.TempDir()
	y := newEpochs(t, dir, 20, 5)
	y.loop.Gate = func(Epoch) error { return errors.New("a shortcut") }
	_, err := y.loop.Run(t.Context())
	wantError(t, err, "stopped after epoch 1, step 5: a shortcut")
	wantFolders(t, dir)
}

func TestALossThatIsNotFiniteNamesTheLastGoodCheckpoint(t *testing.T) {
	for _, loss := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		dir := t.TempDir()
		y := newEpochs(t, dir, 20, 5)
		inner := y.loop.Step
		y.loop.Step = func(step int, factor float64) (Values, error) {
			v, err := inner(step, factor)
			if step == 12 {
				v["loss"] = loss
			}
			return v, err
		}
		_, err := y.loop.Run(t.Context())
		wantError(t, err, fmt.Sprintf("the loss of step 12 is %v; a lower learning_rate or clip_norm usually cures this", loss)+lastGoodIn(dir, 10))
		wantFolders(t, dir, "step-10", "step-5")
	}
}

// The loss of a step is that of the weights before it: in step 12 the weights
// become NaN, in step 13 the loss would.
func TestWeightsThatAreNotFiniteAreNotWritten(t *testing.T) {
	const broken = "by the end of step 12 some weights are not finite; a lower learning_rate or clip_norm usually cures this"
	for name, c := range map[string]struct {
		epochs    []int // steps by their ends
		saveEvery time.Duration
		interrupt bool
		good      int
		kept      []string
	}{
		"checkpoint of a step":          {[]int{5, 10}, 0, false, 10, []string{"step-10", "step-11", "step-12"}},
		"checkpoint of an interrupt":    {[]int{5, 10}, time.Hour, true, 10, []string{"step-10", "step-5"}},
		"checkpoint of an epoch":        {[]int{4, 13}, time.Hour, false, 4, []string{"step-4"}},
		"checkpoint of the first epoch": {[]int{13}, time.Hour, false, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			y := newEpochs(t, dir, 20, 20)
			y.loop.EpochEnds = func(steps int) bool { return slices.Contains(c.epochs, steps) }
			y.loop.SaveEvery = c.saveEvery
			inner := y.loop.Step
			y.loop.Step = func(step int, factor float64) (Values, error) {
				if step == 12 {
					factor = math.NaN()
				}
				return inner(step, factor)
			}
			y.poll = func(step int) {
				if c.interrupt && step == 12 {
					cancel()
				}
			}
			_, err := y.loop.Run(ctx)
			want := broken
			if c.good > 0 {
				want += lastGoodIn(dir, c.good)
			}
			wantError(t, err, want)
			wantFolders(t, dir, c.kept...)
			for _, folder := range c.kept {
				if w := restored(t, filepath.Join(dir, folder)); math.IsNaN(float64(w[0] + w[1] + w[2])) {
					t.Errorf("%s holds %v", folder, w)
				}
			}
		})
	}
}

func TestAllFinite(t *testing.T) {
	tftest.Load(t)
	nan, inf, largest := float32(math.NaN()), float32(math.Inf(1)), float32(math.MaxFloat32)
	for _, c := range []struct {
		a, b []float32
		want bool
	}{
		{[]float32{0, -1, largest}, []float32{1}, true},
		{[]float32{0, inf, 1}, []float32{1}, false},
		{[]float32{0, 1, -inf}, []float32{1}, false},
		{[]float32{nan, 1, 2}, []float32{1}, false},
		{[]float32{0, 1, 2}, []float32{nan}, false},
		{[]float32{0, 1, 2}, []float32{3, 4, largest}, true}, // of one shape
		{[]float32{0, 1, 2}, []float32{3, nan, 4}, false},
		{[]float32{0, inf, 2}, []float32{3, -inf, 4}, false},
	} {
		g := tf.NewGraph()
		start := func(v any) func(*tf.Graph) tf.Output { return func(g *tf.Graph) tf.Output { return g.Const(v) } }
		g.Variable("a", tf.Float32, tf.Shape{3}, start(c.a), true)
		g.Variable("steps", tf.Int64, tf.Shape{}, start(int64(7)), false)
		g.Variable("b", tf.Float32, tf.Shape{int64(len(c.b))}, start(c.b), true)
		finite := AllFinite(g, g.Variables())
		out, err := tftest.Session(t, g).Run(nil, []tf.Output{finite})
		if err != nil {
			t.Fatal(err)
		}
		if got := out[0].Bools()[0]; got != c.want {
			t.Errorf("%v and %v finite: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}
