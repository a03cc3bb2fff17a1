package view

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// golden compares text with testdata/name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test -update rewrites it:\n%s", name, diff)
	}
}

func noANSI(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\x1b\r") {
		t.Errorf("control codes in plain text: %q", text)
	}
}

// fits fails for lines wider than width.
func fits(t *testing.T, text string, width int) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := cells(strings.TrimRight(line, "\n")); n > width {
			t.Errorf("%d columns, at most %d: %q", n, width, line)
		}
	}
}

// experiment is a typical comparison: six label draws nested in three
// pre-trainings, three budgets, arms of very different spread, and gaps.
func experiment() *metrics.Comparison {
	random := rand.New(rand.NewPCG(1, 1))
	arms := []struct {
		name   string
		mean   float64
		sd     float64
		nested bool
	}{
		{"scratch", 0.65, 0.014, false},
		{"random_frozen", 0.33, 0.02, false},
		{"raw_pixels", 0.655, 0.005, false},
		{"ssl_linear", 0.388, 0.011, true},
		{"ssl_full", 0.706, 0.12, true},
	}
	var records []metrics.Record
	for i, labels := range []int{10, 100, 0} {
		for _, arm := range arms {
			for seed := range 6 {
				if labels == 0 && (arm.name == "random_frozen" || arm.name == "raw_pixels" && seed > 0) {
					continue
				}
				group := ""
				if arm.nested {
					group = fmt.Sprintf("pretrain.rotation[seed=%d]", seed%3)
				}
				value := arm.mean + 0.1*float64(i) + arm.sd/float64(1+i*2)*random.NormFloat64()
				records = append(records, metrics.Record{Arm: arm.name, Labels: labels, Seed: seed, Group: group,
					Values: map[string]float64{metrics.Accuracy: value}})
			}
		}
	}
	return metrics.Compare(records, metrics.Options{
		Baseline:   "scratch",
		TestImages: 10000,
		Protocol:   []string{"data: fashion-mnist, test split of 10000 images", "encoder: mobilenet_v2, alpha 0.35, 28x28x1, 1171 steps of 256 rotated images"},
	})
}

// alone is a report of one comparison.
func alone(c *metrics.Comparison) *report.Report {
	return &report.Report{Evaluations: []report.Evaluation{{Name: "report", Sets: []report.TestSet{
		{Name: "images", Images: 10000, Comparisons: []*metrics.Comparison{c}}}}}}
}

func render(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	text := render(t, func(w io.Writer) error { return Report(w, alone(experiment()), Style{}) })
	noANSI(t, text)
	fits(t, text, 80)
	golden(t, "table.txt", text)
}

func TestTableInColorDiffersOnlyInAttributes(t *testing.T) {
	plain := render(t, func(w io.Writer) error { return Report(w, alone(experiment()), Style{}) })
	colored := render(t, func(w io.Writer) error { return Report(w, alone(experiment()), Style{Color: true}) })
	if !strings.Contains(colored, "\x1b[1m") {
		t.Error("no bold for the best arm")
	}
	for _, code := range []string{"\x1b[1m", "\x1b[1;33m", "\x1b[0m"} {
		colored = strings.ReplaceAll(colored, code, "")
	}
	var trimmed strings.Builder
	for line := range strings.Lines(colored) {
		fmt.Fprintln(&trimmed, strings.TrimRight(line, " \n"))
	}
	if diff := cmp.Diff(plain, trimmed.String()); diff != "" {
		t.Errorf("colour moves text (-plain +coloured):\n%s", diff)
	}
}

func TestTableSplitsWhenNarrow(t *testing.T) {
	text := render(t, func(w io.Writer) error { return Report(w, alone(experiment()), Style{Width: 40}) })
	golden(t, "table_narrow.txt", text)
}

func TestTableOfAFirstRun(t *testing.T) {
	records := []metrics.Record{
		{Arm: "scratch", Labels: 10, Values: map[string]float64{metrics.MacroF1: 0.5}},
		{Arm: "ssl", Labels: 10, Values: map[string]float64{metrics.MacroF1: 1}},
	}
	c := metrics.Compare(records, metrics.Options{Baseline: "scratch", Metric: metrics.MacroF1})
	golden(t, "table_first.txt", render(t, func(w io.Writer) error { return Report(w, alone(c), Style{}) }))
}

// Many arms, or seconds beside them, make one row per arm instead of a column.
func TestTableWithSecondsHasRowsOfArms(t *testing.T) {
	var records []metrics.Record
	arms := []string{"scratch", "rotation", "masked_image_with_a_long_name"}
	for i, arm := range arms {
		for seed := range 6 {
			for _, labels := range []int{5, 20} {
				value := 0.5 + 0.03*float64(i) + 0.01*float64((seed*(i+1))%4) + 0.002*float64(labels)
				records = append(records, metrics.Record{Arm: arm, Labels: labels, Seed: seed, Values: map[string]float64{metrics.Accuracy: value}})
			}
		}
	}
	c := metrics.Compare(records, metrics.Options{Baseline: "scratch", Arms: arms, Seconds: map[string]float64{"rotation": 71.6, arms[2]: 108}})
	text := render(t, func(w io.Writer) error { return Report(w, alone(c), Style{}) })
	fits(t, text, 80)
	golden(t, "table_arms.txt", text)
}

func TestNamesBreakBehindSeparators(t *testing.T) {
	for name, want := range map[string]string{
		"full[simclr,0.35]":         "full[simclr,|0.35]",
		"m.linear[rotation,0.35]":   "m.linear[|rotation,0.35]",
		"linear_probe_of_the_layer": "linear_probe_|of_the_layer",
		"abcdefghijklmnopq":         "abcdefghijklmn|opq",
	} {
		if got := strings.Join(wrapName(name), "|"); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
