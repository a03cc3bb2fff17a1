package stages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/transform"
)

// ending is a context that ends when it has been asked so many times, once before each
// step of training.
type ending struct {
	context.Context
	asks int
}

// Err implements context.Context.
func (e *ending) Err() error {
	if e.asks--; e.asks < 0 {
		return context.Canceled
	}
	return nil
}

// progressive trains in two phases of 6 steps, and an epoch has 4.
func progressive(t *testing.T, task string) *PretrainConfig {
	t.Helper()
	c := smallConfig(t, choiceOf(t, task))
	c.Epochs = 3
	c.Resolution = &ResolutionConfig{Sizes: []int{16, 28}, Shares: []float64{0.5, 0.5}}
	return c
}

// A run that is stopped in its second phase, and thrown back to the middle of the first by
// damaged checkpoints, ends with the bits of one that was left alone.
func TestPhasesResumeWithTheSameBits(t *testing.T) {
	tftest.Load(t)
	c := progressive(t, "rotation")
	v := viewsOf(t, fashion(t), variant[transform.Transform](t, transform.Kinds, "resized_crop"), variant[transform.Transform](t, transform.Kinds, "crop"))
	train := func(dir string, steps int) (map[string]artifact.Output, error) {
		return newPhases(c, v, testEnv(t, dir)).run(&ending{t.Context(), steps})
	}
	whole, parts := t.TempDir(), t.TempDir()
	want, err := train(whole, 12)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := train(parts, 7); !errors.Is(err, context.Canceled) {
		t.Fatalf("the run that was stopped ended with %v", err)
	}
	// What is left is that of the first epoch.
	damage(t, filepath.Join(parts, "checkpoints", "step-7", "state.json"))
	damage(t, filepath.Join(parts, "checkpoints", "step-6", "state.json"))
	got, err := train(parts, 12-4)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what is handed on (-whole +resumed):\n%s", diff)
	}
	if diff := cmp.Diff(digests(t, filepath.Join(whole, "out")), digests(t, filepath.Join(parts, "out"))); diff != "" {
		t.Errorf("files (-whole +resumed):\n%s", diff)
	}
	checkWork(t, newPhases(c, v, testEnv(t, t.TempDir())), want["encoder"].Meta.(artifact.EncoderMeta))
}

// checkWork wants each phase to count with its own operations, also where a process
// has only the graph of another.
func checkWork(t *testing.T, r *phases, meta artifact.EncoderMeta) {
	t.Helper()
	if diff := cmp.Diff([]artifact.SizePhase{{Side: 16, Steps: 6}, {Side: 28, Steps: 6}}, meta.Phases); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if meta.Steps != 12 || meta.Images != 12*16 || meta.InputShape != [3]int{28, 28, 1} {
		t.Errorf("%d steps, %d images, input %v", meta.Steps, meta.Images, meta.InputShape)
	}
	if _, err := r.build(1); err != nil {
		t.Fatal(err)
	}
	done, err := r.work()
	if err != nil {
		t.Fatal(err)
	}
	if meta.FLOPs != done.flops || meta.FLOPs != 6*(r.flops[0]+r.flops[1]) || 2*r.flops[0] > r.flops[1] {
		t.Errorf("%d operations, %d when counted anew, of steps with %v", meta.FLOPs, done.flops, r.flops)
	}
}

func damage(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err == nil {
		text[0] ^= 1
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Weights that a phase cannot take over stop the run, instead of starting it anew for
// ever. Plans do not come so far.
func TestPhasesThatDoNotFitTogether(t *testing.T) {
	tftest.Load(t)
	_, err := newPhases(progressive(t, "inpaint"), viewsOf(t, fashion(t)), testEnv(t, t.TempDir())).run(t.Context())
	if want := "the checkpoint of step 6, which was written just now, cannot be read for views of 28 by 28 px"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q", err, want)
	}
}
