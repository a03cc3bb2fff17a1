package train

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// toy fits w [3] to a moving target by momentum: small, but with optimiser state.
type toy struct {
	loop *Loop
	w    *tf.Variable
	poll func(step int) // called before each step
	// finite tells whether all variables are; the loop does not ask by itself.
	finite tf.Output
}

func newToy(t *testing.T, dir string, policy Policy) *toy {
	t.Helper()
	tftest.Load(t)
	g := tf.NewGraph()
	w := g.Variable("w", tf.Float32, tf.Shape{3}, func(g *tf.Graph) tf.Output { return g.Const([]float32{1, -2, 3}) }, true)
	slot := g.Variable("optimizer/momentum/w", tf.Float32, tf.Shape{3}, func(g *tf.Graph) tf.Output { return g.Const([]float32{0, 0, 0}) }, false)
	target, rate := g.Placeholder("target", tf.Float32, 3), g.Placeholder("rate", tf.Float32)
	loss := g.Sum(g.Square(g.Sub(w.Read(), target)), false)
	grad := g.Gradients(loss, []tf.Output{w.Read()})[0]
	update := g.ApplyMomentum(w, slot, rate, grad, g.Scalar(0.9), false)
	init, all, model := g.InitOp(), g.Saver(g.Variables()), g.Saver([]*tf.Variable{w})
	finite := AllFinite(g, g.Variables())
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	y := &toy{w: w, poll: func(int) {}, finite: finite}
	y.loop = &Loop{
		Session: s, All: all, Model: model, Dir: dir, Policy: policy, Images: 1, SaveEvery: time.Hour,
		Init: func() error { _, err := s.Run(nil, nil, init); return err },
		Step: func(step int, factor float64) (Values, error) {
			y.poll(step)
			to, err := tf.FromFloat32s([]float32{float32(math.Sin(float64(step))), 0.5, float32(step % 3)}, 3)
			if err != nil {
				return nil, err
			}
			lr, err := tf.FromFloat32s([]float32{float32(0.01 * factor)})
			if err != nil {
				return nil, err
			}
			out, err := s.Run(map[tf.Output]*tf.Tensor{target: to, rate: lr}, []tf.Output{loss}, update)
			if err != nil {
				return nil, err
			}
			return Values{"loss": out[0].Float()}, nil
		},
		Report: func(Progress) {}, Logf: t.Logf,
	}
	return y
}

func (y *toy) weights(t *testing.T) [3]float32 {
	t.Helper()
	out, err := y.loop.Session.Run(nil, []tf.Output{y.w.Read()})
	if err != nil {
		t.Fatal(err)
	}
	return [3]float32(out[0].Float32s())
}

type steady struct{ steps int }

func (s steady) Factor(st *State) float64 { return 1 - float64(st.Step)/float64(s.steps) }
func (s steady) Done(st *State) bool      { return st.Step >= s.steps }
func (s steady) Total(*State) int         { return s.steps }
func (steady) Observe(*State)             {}

func TestInterruptedRunEndsWithTheSameBits(t *testing.T) {
	whole := newToy(t, t.TempDir(), steady{40})
	wholeState, err := whole.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, stop := range []int{7, 23} {
		ctx, cancel := context.WithCancel(t.Context())
		part := newToy(t, dir, steady{40})
		part.poll = func(step int) {
			if step == stop {
				cancel()
			}
		}
		state, err := part.loop.Run(ctx)
		if !errors.Is(err, context.Canceled) || state.Step != stop+1 {
			t.Fatalf("interrupted at step %d: state %d, error %v; want %d and context.Canceled", stop, state.Step, err, stop+1)
		}
	}
	rest := newToy(t, dir, steady{40})
	first := -1
	rest.poll = func(step int) {
		if first < 0 {
			first = step
		}
	}
	restState, err := rest.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(wholeState.Losses) != 40 || !slices.Equal(restState.Losses, wholeState.Losses) {
		t.Errorf("losses after two interrupts %v, without %v", restState.Losses, wholeState.Losses)
	}
	if first != 24 {
		t.Errorf("resumed at step %d, want 24", first)
	}
	if got, want := rest.weights(t), whole.weights(t); got != want {
		t.Errorf("weights after two interrupts %v, without %v", got, want)
	}
}

func TestDamagedCheckpointIsDroppedForTheOneBefore(t *testing.T) {
	whole := newToy(t, t.TempDir(), steady{30})
	if _, err := whole.loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	part := newToy(t, dir, steady{30})
	part.loop.SaveEvery = 0
	ctx, cancel := context.WithCancel(t.Context())
	part.poll = func(step int) {
		if step == 12 {
			cancel()
		}
	}
	if _, err := part.loop.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	damaged := filepath.Join(dir, "step-13", "weights.data-00000-of-00001")
	data, err := os.ReadFile(damaged)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 0x40
	if err := os.WriteFile(damaged, data, 0o644); err != nil {
		t.Fatal(err)
	}
	rest := newToy(t, dir, steady{30})
	var log []string
	rest.loop.Logf = func(format string, _ ...any) { log = append(log, format) }
	if _, err := rest.loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(log) != 1 || !strings.Contains(log[0], "damaged") {
		t.Errorf("log %q, want one line about damage", log)
	}
	if got, want := rest.weights(t), whole.weights(t); got != want {
		t.Errorf("weights %v, want %v", got, want)
	}
}

func TestBestWeightsAreRestored(t *testing.T) {
	y := newToy(t, t.TempDir(), steady{20})
	scores := map[int]float64{5: 0.2, 10: 0.9, 15: 0.4, 20: 0.5}
	var at10 [3]float32
	step := 0
	y.poll = func(s int) { step = s + 1 }
	y.loop.ValidateEvery = 5
	y.loop.Validate = func() (float64, error) {
		if step == 10 {
			at10 = y.weights(t)
		}
		return scores[step], nil
	}
	state, err := y.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.BestStep != 10 || y.weights(t) != at10 {
		t.Errorf("best step %d with weights %v, want step 10 with %v", state.BestStep, y.weights(t), at10)
	}
	if left, _ := filepath.Glob(filepath.Join(y.loop.Dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestLossThatIsNotFiniteStopsTheRun(t *testing.T) {
	y := newToy(t, t.TempDir(), steady{20})
	inner := y.loop.Step
	y.loop.Step = func(step int, factor float64) (Values, error) {
		v, err := inner(step, factor)
		if step == 3 {
			v["loss"] = math.NaN()
		}
		return v, err
	}
	_, err := y.loop.Run(t.Context())
	const want = "the loss of step 3 is NaN; a lower learning_rate or clip_norm usually cures this"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
