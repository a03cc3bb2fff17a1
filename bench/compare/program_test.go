package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
)

// A unit's pace is that between its first and its last report; what it does before
// and after does not count, nor do other units.
func TestPace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events.jsonl")
	text := `{"time":"2026-01-02T00:00:00Z","type":"run_started","counts":{"units":2}}
{"time":"2026-01-02T00:00:01Z","type":"unit_started","unit":"pretrain.a[seed=0]"}
{"time":"2026-01-02T00:00:02Z","type":"progress","unit":"pretrain.a[seed=0]","progress":{"step":0,"total":78,"note":"unpacking"}}
{"time":"2026-01-02T00:00:03Z","type":"progress","unit":"pretrain.a[seed=0]","progress":{"step":4,"total":78,"values":{"loss":1}}}
{"time":"2026-01-02T00:00:04Z","type":"progress","unit":"pretrain.a[seed=1]","progress":{"step":9,"total":78}}
{"time":"2026-01-02T00:00:13.5Z","type":"progress","unit":"pretrain.a[seed=0]","progress":{"step":78,"total":78}}
{"time":"2026-01-02T00:00:15Z","type":"unit_finished","unit":"pretrain.a[seed=0]","seconds":14}
`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	events, err := readEvents(file)
	if err != nil {
		t.Fatal(err)
	}
	if steps, seconds := pace(events, "pretrain.a[seed=0]"); steps != 74 || seconds != 10.5 {
		t.Errorf("%d steps in %v s, not 74 in 10.5 s", steps, seconds)
	}
	if got := fmt.Sprint(finished(events)); got != "map[pretrain.a[seed=0]:14]" {
		t.Errorf("finished: %s", got)
	}
}

func TestPipelineIsSound(t *testing.T) {
	p, diags := plan.Load([]string{"epoch.hcl"}, stages.Kinds, plan.Options{Given: []plan.Given{{Var: "units=2"}, {Var: "threads=2"}}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if len(p.Units) != 7 { // download, two kinds of views, two pre-trainings of two units
		t.Errorf("%d units", len(p.Units))
	}
}

// Every script that a workload starts is there, and says what it is.
func TestPeersAreThere(t *testing.T) {
	scripts, err := filepath.Glob("../peers/*.py")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, script := range scripts {
		text, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		there[filepath.Base(script)] = len(text) > 3 && string(text[:3]) == `"""`
	}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`"([a-z_]+\.py)"`)
	count := 0
	for _, source := range sources {
		text, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range named.FindAllStringSubmatch(string(text), -1) {
			count++
			if !there[m[1]] {
				t.Errorf("%s names %s, which is not there or does not begin with what it is", source, m[1])
			}
		}
	}
	if count < 10 {
		t.Errorf("only %d scripts are named", count)
	}
}

func TestWorkloadsAreNamed(t *testing.T) {
	seen := map[string]bool{}
	for _, w := range workloads {
		if w.Name == "" || w.Doc == "" || seen[w.Name] {
			t.Errorf("the workload %q (%q) has no name of its own or no description", w.Name, w.Doc)
		}
		seen[w.Name] = true
	}
}

func TestFeaturesAreOfEqualSizeAndSeparable(t *testing.T) {
	x, y := drawFeatures(200)
	again, _ := drawFeatures(200)
	if len(x) != 200*width || len(y) != 200 || x[12345] != again[12345] {
		t.Fatalf("%d features of %d", len(x), len(y))
	}
	zeros := 0
	for _, v := range x {
		if v < 0 {
			t.Fatal("a feature is negative")
		}
		if v == 0 {
			zeros++
		}
	}
	if share := float64(zeros) / float64(len(x)); share < 0.3 || share > 0.7 {
		t.Errorf("%v of the features are zero", share)
	}
}
