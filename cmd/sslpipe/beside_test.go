package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// unitsLab is a pipeline of which each worker runs whole units, the folder that they
// share, and what one machine makes of it.
type unitsLab struct {
	pipeline, shared string
	table            string
	results          map[string]string
}

func newUnitsLab(t *testing.T) *unitsLab {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(repository(t), "cmd", "sslpipe", "testdata", "units.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	l := &unitsLab{pipeline: filepath.Join(dir, "units.hcl"), shared: t.TempDir()}
	if err := os.WriteFile(l.pipeline, text, 0o666); err != nil {
		t.Fatal(err)
	}
	for class := range 2 {
		for n := range 12 {
			writeStripes(t, filepath.Join(dir, "images", fmt.Sprintf("class%d", class), fmt.Sprintf("%d.png", n)), class, n)
		}
	}
	alone := t.TempDir()
	var stderr bytes.Buffer
	cmd := program(t, alone, "run", l.pipeline)
	cmd.Stderr = &stderr
	table, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	l.table, l.results = string(table), results(t, alone)
	return l
}

// writeStripes draws an image of a class: stripes down or across.
func writeStripes(t *testing.T, path string, class, n int) {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 8, 8))
	for i := range 64 {
		x, y := i%8, i/8
		along := []int{x, y}[class]
		img.SetGray(x, y, color.Gray{Y: uint8(40 + 120*(along/2%2) + (i*7+n*31)%60)})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// unitsWorker is a process of a run whose workers run whole units. The addresses are
// those of no machine: nobody listens, and nobody calls.
type unitsWorker struct {
	participant
	dir    string
	stdout bytes.Buffer
}

func (l *unitsLab) start(t *testing.T, dir string, index int, args ...string) *unitsWorker {
	t.Helper()
	w := &unitsWorker{dir: dir}
	w.cmd = program(t, dir, append([]string{"run", l.pipeline, "--jobs", "1", "--store", "file://" + l.shared}, args...)...)
	w.cmd.Env = append(w.cmd.Env, fmt.Sprintf(`TF_CONFIG={"cluster": {"worker": ["a.invalid:1", "b.invalid:1"]}, "task": {"type": "worker", "index": %d}}`, index))
	w.cmd.Stdout, w.cmd.Stderr, w.ended = &w.stdout, &w.stderr, make(chan error, 1)
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cmd.Process.Kill() })
	go func() { w.ended <- w.cmd.Wait() }()
	return w
}

func (w *unitsWorker) finish(t *testing.T) {
	t.Helper()
	if err := w.wait(t); err != nil {
		t.Fatalf("%v\n%s", err, &w.stderr)
	}
}

// finished are the units that the newest run of each folder ran to their end.
func finished(t *testing.T, dirs ...string) (units []string) {
	for _, dir := range dirs {
		for _, e := range events(t, dir) {
			if e.Type == "unit_finished" {
				units = append(units, e.Unit)
			}
		}
	}
	slices.Sort(units)
	return units
}

var unitsOfLab = []string{"download.images", "evaluate.report", "finetune.pixels[labels=4,seed=0]", "finetune.pixels[labels=4,seed=1]",
	"finetune.vit[labels=4,seed=0]", "finetune.vit[labels=4,seed=1]"}

// Two machines, that is two folders, share the units of a comparison: each is run once
// between them, and results and table are bit for bit those of one machine. A chief that
// is killed in the middle of a unit loses nothing: the other finishes all, and the chief's
// command then only prints the same table.
func TestUnitsSideBySide(t *testing.T) {
	l := newUnitsLab(t)
	t.Run("both", func(t *testing.T) {
		l := &unitsLab{pipeline: l.pipeline, shared: t.TempDir(), table: l.table, results: l.results}
		chief, worker := l.start(t, t.TempDir(), 0), l.start(t, t.TempDir(), 1)
		chief.finish(t)
		worker.finish(t)
		l.check(t, chief, worker)
		if diff := cmp.Diff(unitsOfLab, finished(t, chief.dir, worker.dir)); diff != "" {
			t.Errorf("these were run (-want +got):\n%s\n%s\n%s", diff, &chief.stderr, &worker.stderr)
		}
	})
	t.Run("killed", func(t *testing.T) {
		l := &unitsLab{pipeline: l.pipeline, shared: t.TempDir(), table: l.table, results: l.results}
		killed := l.start(t, t.TempDir(), 0, "--var", "lease=2")
		killed.untilMiddle(t, "finetune.vit")
		if err := killed.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if killed.wait(t) == nil {
			t.Fatal("the chief ended before it was killed")
		}
		before := finished(t, killed.dir)
		worker := l.start(t, t.TempDir(), 1)
		worker.finish(t)
		if want := "finetune.vit[labels=4,seed=0]: nothing was heard of worker 0 (a.invalid:1) for "; !strings.Contains(worker.stderr.String(), want) {
			t.Errorf("the worker did not say %q:\n%s", want, &worker.stderr)
		}
		all := append(before, finished(t, worker.dir)...)
		slices.Sort(all)
		if diff := cmp.Diff(unitsOfLab, all); diff != "" {
			t.Errorf("these were run to their end (-want +got):\n%s", diff)
		}
		chief := l.start(t, killed.dir, 0)
		chief.finish(t)
		if n := len(finished(t, chief.dir)); n > 0 {
			t.Errorf("the chief ran %d units again", n)
		}
		l.check(t, chief, worker)
	})
}

// check compares what two machines made with what one made.
func (l *unitsLab) check(t *testing.T, chief, worker *unitsWorker) {
	t.Helper()
	if got := chief.stdout.String(); got != l.table {
		t.Errorf("the tables differ (-one machine +two):\n%s", cmp.Diff(l.table, got))
	}
	if got := worker.stdout.String(); got != "" || !strings.Contains(worker.stderr.String(), "All units are done; worker 0 (a.invalid:1) prints the tables.") {
		t.Errorf("the worker printed %q and said\n%s", got, &worker.stderr)
	}
	for _, w := range []*unitsWorker{chief, worker} {
		if diff := cmp.Diff(l.results, results(t, w.dir)); diff != "" {
			t.Errorf("%s holds other results than one machine (-want +got):\n%s", w.dir, diff)
		}
		if left, err := filepath.Glob(filepath.Join(w.dir, ".sslpipe", "work", "*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// untilMiddle waits until the process is in the middle of a unit of a stage.
func (w *unitsWorker) untilMiddle(t *testing.T, stage string) {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		if slices.ContainsFunc(events(t, w.dir), func(e event) bool { return strings.HasPrefix(e.Unit, stage) && e.Progress != nil }) {
			return
		}
		select {
		case err := <-w.ended:
			t.Fatalf("the run ended (%v) before it came to %s:\n%s", err, stage, &w.stderr)
		case <-deadline:
			t.Fatalf("it does not come to %s", stage)
		case <-time.After(time.Millisecond):
		}
	}
}
