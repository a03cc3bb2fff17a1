package metrics

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// golden.json holds the numbers of SciPy and scikit-learn; testdata/make_golden.py
// writes it.
type golden struct {
	Samples []struct {
		X        []float64
		Mean, SD float64
		T95, T99 [2]float64
		SignFlip float64 `json:"sign_flip"`
	}
	Wilson []struct {
		K, N     int
		Interval [2]float64
	}
	Holm []struct {
		P, Adjusted []float64
	}
	Predictions []struct {
		Classes          int
		Truth, Predicted []int32
		Accuracy         float64
		MacroF1          float64 `json:"macro_f1"`
	}
	Nested struct {
		Group         []int
		Baseline, Arm []float64
		Mean          float64
		T95           [2]float64
		SignFlip      float64 `json:"sign_flip"`
	}
	Scores []struct {
		Classes       int
		Truth         []int32
		Probabilities []float32
		Recall        []float64
		BinCounts     []int `json:"bin_counts"`
		Values        map[string]float64
	}
	McNemar []struct {
		Arm, Baseline int
		P             float64
	}
	Effects []struct {
		X []float64
		G float64
	}
	Bootstraps []struct {
		X, Lo, Hi []float64 // either end between two quantiles
	}
	Isotonic []struct {
		Y, Weights, Fitted []float64
	}
	Efficiency struct {
		Labels        []int
		Baseline, Arm [][]float64 // by seed and budget
		Required      []float64
	}
}

func loadGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// near fails unless got is want to 1e-10, relative to values of order one.
func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-10*max(1, math.Abs(want))) {
		t.Errorf("%s = %.15g, want %.15g", what, got, want)
	}
}

func nearInterval(t *testing.T, what string, got Interval, want [2]float64) {
	t.Helper()
	near(t, what+" lower end", got.Lo, want[0])
	near(t, what+" upper end", got.Hi, want[1])
}

func TestSamplesAgreeWithSciPy(t *testing.T) {
	for _, c := range loadGolden(t).Samples {
		s := Summarize(c.X)
		near(t, "mean", s.Mean, c.Mean)
		near(t, "sd", s.SD, c.SD)
		for level, want := range map[float64][2]float64{0.95: c.T95, 0.99: c.T99} {
			interval, ok := s.TInterval(level)
			if !ok {
				t.Fatalf("no interval for %v", c.X)
			}
			nearInterval(t, "t interval", interval, want)
		}
		p := SignFlip(c.X)
		near(t, "sign-flip p", p.P, c.SignFlip)
		if !p.Exact {
			t.Errorf("%d differences were not enumerated", len(c.X))
		}
	}
}

func TestWilsonAgreesWithSciPy(t *testing.T) {
	for _, c := range loadGolden(t).Wilson {
		nearInterval(t, "Wilson interval", Wilson(c.K, c.N, 0.95), c.Interval)
	}
	if got := Wilson(0, 0, 0.95); got != (Interval{0, 1}) {
		t.Errorf("without trials = %v, want everything", got)
	}
}

func TestHolmAgrees(t *testing.T) {
	for _, c := range loadGolden(t).Holm {
		for i, got := range Holm(c.P) {
			near(t, "Holm p", got, c.Adjusted[i])
		}
	}
}

func TestPredictionsAgree(t *testing.T) {
	for _, c := range loadGolden(t).Predictions {
		confusion, err := NewConfusion(c.Truth, c.Predicted, c.Classes)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "accuracy", confusion.Accuracy(), c.Accuracy)
		near(t, "macro-F1", confusion.MacroF1(), c.MacroF1)
	}
}

func TestNestedComparisonAgreesWithSciPy(t *testing.T) {
	c := loadGolden(t).Nested
	var records []Record
	for seed, group := range c.Group {
		records = append(records,
			record("scratch", 10, seed, c.Baseline[seed], ""),
			record("ssl", 10, seed, c.Arm[seed], string(rune('a'+group))))
	}
	d := Compare(records, Options{Baseline: "scratch"}).Rows[0].Cells[1].Difference
	near(t, "difference", d.Mean, c.Mean)
	nearInterval(t, "interval over groups", *d.Interval, c.T95)
	near(t, "p over groups", d.Test.P, c.SignFlip)
	if d.Pairs != 12 || d.Clusters != 4 {
		t.Errorf("%d pairs in %d clusters, want 12 in 4", d.Pairs, d.Clusters)
	}
}
