package metrics

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// closely compares floating-point numbers to 1e-9 of their size.
var closely = cmpopts.EquateApprox(1e-9, 0)

// curveOf makes a record for each seed and budget, all seeds with equal scores.
func curveOf(name string, seeds int, labels []int, scores ...float64) []Record {
	var records []Record
	for i, score := range scores {
		for seed := range seeds {
			records = append(records, record(name, labels[i], seed, score, ""))
		}
	}
	return records
}

// estimates drops the intervals, which have no width where seeds do not differ.
func estimates(savings []Saving) []Saving {
	savings = slices.Clone(savings)
	for i := range savings {
		savings[i].Interval, savings[i].LowOpen, savings[i].HighOpen = nil, false, false
	}
	return savings
}

func TestLabelEfficiencyOfKnownCurves(t *testing.T) {
	budgets := []int{10, 100, 1000, 10000}
	root := math.Sqrt(10)
	for name, c := range map[string]struct {
		scratch, ssl []float64
		want         []Saving
		crossover    *Crossover
	}{
		"crossing": {
			[]float64{0.25, 0.5, 0.75}, []float64{0.5, 0.625, 0.6875},
			[]Saving{{Labels: 10, Required: 100}, {Labels: 100, Required: 100 * root}, {Labels: 1000, Required: 100 * math.Pow(10, 0.75)}},
			// The difference goes from 1/8 to -1/16: two thirds of the way.
			&Crossover{Labels: 100 * math.Pow(10, 2.0/3)},
		},
		"rising late": {
			[]float64{0.25, 0.5, 0.625, 0.75}, []float64{0.25, 0.375, 0.625, 0.6875},
			[]Saving{{Labels: 10, Required: 10}, {Labels: 100, Required: 10 * root}, {Labels: 1000, Required: 1000}, {Labels: 10000, Required: 1000 * root}},
			nil, // 0, below, 0 and below again
		},
		"crossing twice": {
			[]float64{0.25, 0.5, 0.75}, []float64{0.5, 0.25, 1},
			[]Saving{{Labels: 10, Required: 100}, {Labels: 100, Required: 10}, {Labels: 1000, Required: 1000, Never: true}},
			&Crossover{Labels: 100 * root, Rising: true},
		},
		"crossing at a budget": {
			[]float64{0.25, 0.5, 0.75}, []float64{0, 0.5, 1},
			[]Saving{{Labels: 10, Required: 10, Always: true}, {Labels: 100, Required: 100}, {Labels: 1000, Required: 1000, Never: true}},
			&Crossover{Labels: 100, Rising: true},
		},
		// Rounding leaves the plateau of 0.7 and 0.2 a little below 0.45.
		"score of a plateau": {
			[]float64{0.4, 0.7, 0.2, 0.8}, []float64{0.45, 0.45},
			[]Saving{{Labels: 10, Required: 100}, {Labels: 100, Required: 100}},
			&Crossover{Labels: 10 * math.Pow(10, 1.0/6)},
		},
		"never and always": {
			[]float64{0.5, 0.625}, []float64{0.75, 0.25},
			[]Saving{{Labels: 10, Required: 100, Never: true}, {Labels: 100, Required: 10, Always: true}},
			&Crossover{Labels: 10 * math.Pow(10, 0.4)}, // from 1/4 to -3/8
		},
		// More labels that score lower: the curve is 1/4, 1/2, 1/2, 3/4.
		"baseline that is not monotone": {
			[]float64{0.25, 0.625, 0.375, 0.75}, []float64{0.375, 0.5, 0.625, 0.75},
			[]Saving{{Labels: 10, Required: 10 * root}, {Labels: 100, Required: 100}, {Labels: 1000, Required: 1000 * root}, {Labels: 10000, Required: 10000}},
			&Crossover{Labels: 100 * math.Pow(10, 1.0/3), Rising: true}, // from -1/8 to 1/4
		},
	} {
		records := slices.Concat(curveOf("scratch", 3, budgets, c.scratch...), curveOf("ssl", 3, budgets, c.ssl...))
		got := LabelEfficiency(records, Options{Baseline: "scratch"})
		if len(got) != 1 || got[0].Arm != "ssl" {
			t.Fatalf("%s: %+v", name, got)
		}
		if diff := cmp.Diff(c.want, estimates(got[0].Savings), closely); diff != "" {
			t.Errorf("%s: savings (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(c.crossover, got[0].Crossover, closely); diff != "" {
			t.Errorf("%s: crossover (-want +got):\n%s", name, diff)
		}
	}
}

// Of three clusters 1 resample in 27 repeats one of them: the interval goes from
// the least to the most that a cluster alone would give.
func TestLabelEfficiencyIntervals(t *testing.T) {
	var records []Record
	for seed, score := range []float64{0.375, 0.5, 0.625} {
		for i, labels := range []int{10, 100, 1000} {
			records = append(records, record("scratch", labels, seed, 0.25*float64(i+1), ""))
		}
		records = append(records, record("ssl", 10, seed, score, ""), record("ssl", 100, seed, 3*score-0.75, ""))
	}
	root := math.Sqrt(10)
	want := []Saving{
		{Labels: 10, Required: 100, Interval: &Interval{10 * root, 100 * root}},
		// Scores 3/8, 3/4 and 9/8: the last is never reached.
		{Labels: 100, Required: 1000, Interval: &Interval{10 * root, 1000}, HighOpen: true},
	}
	if diff := cmp.Diff(want, LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings, closely); diff != "" {
		t.Errorf("savings (-want +got):\n%s", diff)
	}
	for i := range records {
		records[i].Values[Accuracy] *= -1
	}
	// The baseline falls, so that its curve is the plateau -1/2.
	want = []Saving{
		{Labels: 10, Required: 10, Interval: &Interval{10, 1000}, LowOpen: true, HighOpen: true},
		{Labels: 100, Required: 10, Interval: &Interval{10, 1000}, LowOpen: true, HighOpen: true, Always: true},
	}
	if diff := cmp.Diff(want, LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings, closely); diff != "" {
		t.Errorf("savings against a plateau (-want +got):\n%s", diff)
	}
}

func TestLabelEfficiencyCountsPreTrainings(t *testing.T) {
	values := []float64{0.5, 0.51, 0.52, 0.53, 0.54, 0.55}
	higher := []float64{0.6, 0.62, 0.61, 0.65, 0.63, 0.64}
	for _, c := range []struct {
		scratch, ssl func(int) string
		want         bool
	}{{nil, modulo(2), false}, {nil, modulo(3), true}, {modulo(2), nil, false}, {modulo(3), modulo(6), true}} {
		records := slices.Concat(
			arm("scratch", 10, c.scratch, values...), arm("scratch", 100, c.scratch, higher...),
			arm("ssl", 10, c.ssl, higher...), arm("ssl", 100, c.ssl, higher...))
		for _, s := range LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings {
			if got := s.Interval != nil; got != c.want {
				t.Errorf("interval %v, want one: %v", s.Interval, c.want)
			}
		}
	}
}

func TestLabelEfficiencyOfALoss(t *testing.T) {
	var records []Record
	for arm, losses := range map[string][]float64{"scratch": {2, 1.5, 1}, "ssl": {1.5, 1.25, 0.5}} {
		for i, loss := range losses {
			records = append(records, Record{Arm: arm, Labels: []int{10, 100, 1000}[i], Values: map[string]float64{LogLoss: loss}})
		}
	}
	got := LabelEfficiency(records, Options{Baseline: "scratch", Metric: LogLoss})[0]
	want := []Saving{{Labels: 10, Required: 100}, {Labels: 100, Required: 100 * math.Sqrt(10)}, {Labels: 1000, Required: 1000, Never: true}}
	if diff := cmp.Diff(want, got.Savings, closely); diff != "" || got.Crossover != nil {
		t.Errorf("crossover %v, savings (-want +got):\n%s", got.Crossover, diff)
	}
}

func TestLabelEfficiencyTakesSharedSeedsAndBudgets(t *testing.T) {
	three := []int{10, 100, 0}
	records := slices.Concat(
		curveOf("scratch", 2, three, 0.25, 0.75, 1), curveOf("ssl", 2, three, 0.5, 0.75, 0),
		// A baseline's budget that the arm lacks is part of the curve; a seed
		// that only one arm has, anywhere or at that budget, is not.
		curveOf("scratch", 2, []int{1000}, 1),
		[]Record{record("scratch", 100, 7, 0, ""), record("ssl", 10, 8, 1, "")},
		[]Record{record("scratch", 10, 9, 0.25, ""), record("ssl", 10, 9, 0.5, ""), record("scratch", 100, 9, 0, "")},
		curveOf("once", 2, three, 0.5), // one budget makes no curve
		curveOf("apart", 1, []int{20, 200}, 0.5, 0.75),
	)
	want := []Efficiency{{Arm: "ssl", Savings: []Saving{{Labels: 10, Required: 10 * math.Sqrt(10)}, {Labels: 100, Required: 100}}}}
	got := LabelEfficiency(records, Options{Baseline: "scratch"})
	got[0].Savings = estimates(got[0].Savings)
	if diff := cmp.Diff(want, got, closely); diff != "" {
		t.Errorf("efficiency (-want +got):\n%s", diff)
	}
	if got := LabelEfficiency(records, Options{}); got != nil {
		t.Errorf("without a baseline: %+v", got)
	}
}

// The fourth seed, which alone has the budget 100, is in two resamples of three;
// the others say nothing and must not make up a curve.
func TestLabelEfficiencyDropsResamplesWithoutABudget(t *testing.T) {
	var records []Record
	for seed := range 4 {
		records = append(records, record("scratch", 10, seed, 0.25, ""), record("ssl", 10, seed, 0.5, ""))
	}
	records = append(records, record("scratch", 100, 3, 0.75, ""), record("ssl", 100, 3, 0.75, ""))
	at := 10 * math.Sqrt(10)
	want := []Saving{{Labels: 10, Required: at, Interval: &Interval{at, at}}, {Labels: 100, Required: 100, Interval: &Interval{100, 100}}}
	if diff := cmp.Diff(want, LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings, closely); diff != "" {
		t.Errorf("savings (-want +got):\n%s", diff)
	}
}

func TestLabelEfficiencyDoesNotDependOnTheOrderOfRecords(t *testing.T) {
	var records []Record
	for seed := range 5 {
		for i, labels := range []int{10, 100, 1000} {
			x := float64(seed*seed%5) / 100
			records = append(records,
				record("scratch", labels, seed, 0.5+0.1*float64(i)+x, ""),
				record("ssl", labels, seed, 0.57+0.09*float64(i)-x/3, fmt.Sprint(seed/2)))
		}
	}
	o := Options{Baseline: "scratch", Arms: []string{"ssl"}}
	first := LabelEfficiency(records, o)
	slices.Reverse(records)
	if diff := cmp.Diff(first, LabelEfficiency(records, o)); diff != "" {
		t.Errorf("in reverse (-first +reverse):\n%s", diff)
	}
}
