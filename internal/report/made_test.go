package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/metrics"
)

// results are how many of 10 test images an arm has right, by seed.
type results map[int]int

// made is a run whose arms, the baseline first, have these results with 5 labels
// per class.
func made(name string, arms []string, of map[string]results) *Report {
	set := TestSet{Name: "made-up", Digest: "0123456789abcdef", Images: 10, Classes: []string{"a", "b"}}
	e := Evaluation{Name: "report", Baseline: arms[0], Parts: []Part{
		{Purpose: "training", Name: "made-up", Split: "train", Images: 40, Digest: "aaaa"},
		{Purpose: "validation", Name: "made-up", Split: "validation", Images: 8, Digest: "bbbb"},
	}}
	for _, arm := range arms {
		e.Arms = append(e.Arms, Arm{Name: arm, Text: arm + " of " + name})
		for _, seed := range slices.Sorted(maps.Keys(of[arm])) {
			set.Runs = append(set.Runs, madeRun(arm, seed, of[arm][seed]))
		}
	}
	e.Sets = []TestSet{set}
	return &Report{Version: Version, Run: name, Environment: Environment{Runtime: "TF on cpu"}, Evaluations: []Evaluation{e}}
}

func madeRun(arm string, seed, right int) Run {
	return Run{
		Arm: arm, Labels: 5, Seed: seed, Values: map[string]float64{metrics.Accuracy: float64(right) / 10},
		Right: strings.Repeat("1", right) + strings.Repeat("0", 10-right),
	}
}

func mustCompare(t *testing.T, runs ...*Report) *Evaluation {
	t.Helper()
	e, err := Compare(runs)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// cellsOf are the accuracies in per cent of a set's only row, by column.
func cellsOf(set TestSet) string {
	c := set.Comparisons[0]
	var cells []string
	for i, cell := range c.Rows[0].Cells {
		cells = append(cells, fmt.Sprintf("%s %.0f of %d", c.Arms[i], 100*cell.Mean, cell.N))
	}
	return strings.Join(cells, ", ")
}

// mustCompareAlone compares the arms of one report.
func mustCompareAlone(r *Report) *metrics.Comparison {
	var records []metrics.Record
	e := r.Evaluations[0]
	for _, run := range e.Sets[0].Runs {
		records = append(records, run.Record())
	}
	return metrics.Compare(records, metrics.Options{Baseline: e.Baseline, TestImages: e.Sets[0].Images})
}
