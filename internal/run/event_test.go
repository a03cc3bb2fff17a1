package run

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

func read(t *testing.T, path ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var timesIn = regexp.MustCompile(`"time":"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z",|,"seconds":[0-9.e-]+`)

func TestFilesOfARun(t *testing.T) {
	l := newLab(t)
	data := l.add("download.images", "data", nil)
	a := l.add("pretrain.a[seed=0]", "a", func(_ context.Context, env *plan.Env) error {
		env.Report(plan.Progress{Step: 1, Total: 2, Rate: 812.5, Values: map[string]float64{"loss": 1.25, "accuracy": 0.5}})
		env.Report(plan.Progress{Step: 2, Total: 2, Values: map[string]float64{"loss": math.NaN()}, Note: "last"})
		env.Logf("loaded %d of %d tensors", 260, 260)
		return nil
	}, data)
	a.Coord = plan.Coord{"seed": 0}
	r, _ := l.mustRun()

	want := `{"type":"run_started","counts":{"units":2,"cached":0,"executed":0,"remaining":2}}
{"type":"unit_started","unit":"download.images"}
{"type":"unit_finished","unit":"download.images"}
{"type":"unit_started","unit":"pretrain.a[seed=0]"}
{"type":"progress","unit":"pretrain.a[seed=0]","progress":{"step":1,"total":2,"rate":812.5,"values":{"accuracy":0.5,"loss":1.25}}}
{"type":"message","unit":"pretrain.a[seed=0]","message":"loaded 260 of 260 tensors"}
{"type":"progress","unit":"pretrain.a[seed=0]","progress":{"step":2,"total":2,"values":{"loss":"NaN"},"note":"last"}}
{"type":"unit_finished","unit":"pretrain.a[seed=0]"}
{"type":"run_finished","counts":{"units":2,"cached":0,"executed":2,"remaining":0}}
`
	if diff := cmp.Diff(want, timesIn.ReplaceAllString(read(t, r.RunDir, "events.jsonl"), "")); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	want = `{"unit":"pretrain.a[seed=0]","step":1,"total":2,"values":{"accuracy":0.5,"loss":1.25}}
{"unit":"pretrain.a[seed=0]","step":2,"total":2,"values":{"loss":"NaN"}}
`
	if diff := cmp.Diff(want, read(t, r.RunDir, "metrics.jsonl")); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
	var config map[string]any
	if err := json.Unmarshal([]byte(read(t, r.RunDir, "config.json")), &config); err != nil {
		t.Fatal(err)
	}
	delete(config, "sha256")
	if diff := cmp.Diff(map[string]any{
		"pipeline": "toy", "path": "toy.hcl", "seeds": 1.0, "device": "cpu", "cores": 1.0,
		"units": []any{
			map[string]any{"address": "download.images", "fingerprint": data.Fingerprint, "threads": 1.0, "recipe": map[string]any{"config": "data"}},
			map[string]any{"address": "pretrain.a[seed=0]", "fingerprint": a.Fingerprint, "threads": 1.0, "coord": map[string]any{"seed": 0.0},
				"inputs": map[string]any{"from": []any{"download.images.out"}}, "recipe": map[string]any{"config": "a"}},
		},
	}, config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}

	r, _ = l.mustRun()
	want = `{"type":"run_started","counts":{"units":2,"cached":0,"executed":0,"remaining":2}}
{"type":"unit_cached","unit":"download.images"}
{"type":"unit_cached","unit":"pretrain.a[seed=0]"}
{"type":"run_finished","counts":{"units":2,"cached":2,"executed":0,"remaining":0}}
`
	if diff := cmp.Diff(want, timesIn.ReplaceAllString(read(t, r.RunDir, "events.jsonl"), "")); diff != "" {
		t.Errorf("events of the second run (-want +got):\n%s", diff)
	}
}

func TestRunFoldersAreNamedByTimeAndPipeline(t *testing.T) {
	runs := filepath.Join(t.TempDir(), "runs")
	synctest.Test(t, func(t *testing.T) { // the clock begins at the start of the year 2000
		for _, want := range []string{"20000101T000000Z-toy", "20000101T000000Z.2-toy", "20000101T000000Z.3-toy"} {
			if dir, err := makeRunDir(runs, "toy"); err != nil || filepath.Base(dir) != want {
				t.Errorf("folder %s, %v, want %s", dir, err, want)
			}
		}
	})
}

// TestProgressIsThinnedOut reports 1000 times a second for a second.
func TestProgressIsThinnedOut(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := labIn(t, root)
		values := map[string]float64{}
		late := func(plan.Progress) {}
		l.add("pretrain.a", "a", func(_ context.Context, env *plan.Env) error {
			for step := range 1000 {
				values["loss"] = float64(step)
				env.Report(plan.Progress{Step: step, Values: values})
				time.Sleep(time.Millisecond)
			}
			late = env.Report
			return nil
		})
		r, _ := l.mustRun()
		var steps []int
		for _, e := range l.events {
			if p := e.Progress; p != nil {
				steps = append(steps, p.Step)
				if p.Values["loss"] != float64(p.Step) {
					t.Errorf("step %d has the loss of step %v", p.Step, p.Values["loss"])
				}
			}
		}
		if diff := cmp.Diff([]int{0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 999}, steps); diff != "" {
			t.Errorf("steps (-want +got):\n%s", diff)
		}
		if lines := strings.Count(read(t, r.RunDir, "metrics.jsonl"), "\n"); lines != 1000 {
			t.Errorf("%d lines of metrics, want 1000", lines)
		}
		late(plan.Progress{Step: 1000}) // the unit has ended, and so have the files
		if n := len(l.events); l.events[n-1].Type != RunFinished {
			t.Errorf("last event %+v", l.events[n-1])
		}
	})
}
