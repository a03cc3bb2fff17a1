package metrics

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Rows of four classes, of which the last never occurs.
var (
	someTruth = []int32{0, 0, 1, 2}
	someRows  = []float32{
		0.5, 0.25, 0.25, 0, // right
		0.25, 0.5, 0.25, 0, // taken for 1
		0.125, 0.75, 0.125, 0, // right
		0.5, 0, 0.5, 0, // a tie: the first class, wrong
	}
)

func TestScoreOfAFewRows(t *testing.T) {
	s, err := Score(someTruth, someRows, 4)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int32{0, 1, 1, 0}; !slices.Equal(s.Predicted, want) {
		t.Errorf("predicted %v, want %v", s.Predicted, want)
	}
	if want := []float64{0.5, 1, 0, 0}; !slices.Equal(s.Recall, want) {
		t.Errorf("recall %v, want %v", s.Recall, want)
	}
	if want := (Confusion{{1, 1, 0, 0}, {0, 1, 0, 0}, {1, 0, 0, 0}, {0, 0, 0, 0}}); !cmp.Equal(s.Confusion, want) {
		t.Errorf("confusion %v, want %v", s.Confusion, want)
	}
	for name, want := range map[string]float64{
		Accuracy:         0.5,
		BalancedAccuracy: 0.5,                 // of the three classes with examples
		MacroF1:          7.0 / 18,            // 1/2, 2/3, 0
		ROCAUC:           (0.625 + 1 + 1) / 3, // class 0: of four pairs two are right and one is tied
		// Class 0: the tie at 1/2 holds one of two, the third brings the other:
		// (1/2 + 2/3)/2.
		AveragePrecision: (7.0/12 + 1 + 1) / 3,
		LogLoss:          math.Log(2*4*2*4.0/3) / 4, // 1/2, 1/4, 3/4, 1/2
		// .375, .875, .09375 and .5
		Brier: 1.84375 / 4,
		// Three rows of confidence 1/2, one right: 3/4 |1/3-1/2|; one of 3/4, right.
		ECE: 0.125 + 0.0625,
	} {
		near(t, name, s.Values[name], want)
	}
	want := Bin{Lo: 7.0 / 15, Hi: 8.0 / 15, Count: 3, Confidence: 0.5, Accuracy: 1.0 / 3}
	if len(s.Bins) != 15 || s.Bins[7] != want {
		t.Errorf("bins %+v, want %+v as number 7 of 15", s.Bins, want)
	}
}

func TestScoreLeavesOutWhatOneClassCannotRank(t *testing.T) {
	for classes, row := range map[int][]float32{2: {0.75, 0.25}, 3: {0.75, 0.25, 0}} {
		s, err := Score([]int32{0, 0}, slices.Concat(row, row), classes)
		if err != nil {
			t.Fatal(err)
		}
		_, auc := s.Values[ROCAUC]
		_, precision := s.Values[AveragePrecision]
		if auc || precision || len(s.Values) != 6 || s.Values[BalancedAccuracy] != 1 {
			t.Errorf("%d classes: %v", classes, s.Values)
		}
	}
}

func TestLogLossIsBounded(t *testing.T) {
	// -log(2^-23) for a certainty that is wrong, and next to nothing for one that
	// is right.
	s, err := Score([]int32{1, 0}, []float32{1, 0, 1, 0}, 2)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "log-loss", s.Values[LogLoss], (23*math.Ln2+1.1920929665621e-07)/2)
	near(t, "Brier", s.Values[Brier], 1)
}

func TestScoreRefuses(t *testing.T) {
	nan := float32(math.NaN())
	for want, c := range map[string]struct {
		truth   []int32
		rows    []float32
		classes int
	}{
		"3 probabilities for 2 examples of 2 classes": {[]int32{0, 1}, []float32{1, 0, 1}, 2},
		"0 probabilities for 1 examples of 0 classes": {[]int32{0}, nil, 0},
		"no predictions":                                        {nil, nil, 2},
		"example 1: probability NaN of class 0":                 {[]int32{0, 1}, []float32{1, 0, nan, 1}, 2},
		"example 0: probability -0.5 of class 1":                {[]int32{0}, []float32{1.5, -0.5}, 2},
		"example 1: its probabilities add up to 1.5, not 1":     {[]int32{0, 1}, []float32{1, 0, 0.75, 0.75}, 2},
		"example 0: its probabilities add up to +Inf, not 1":    {[]int32{0}, []float32{float32(math.Inf(1)), 0}, 2},
		"example 1: label 2 and prediction 0 must lie in [0, 2": {[]int32{0, 2}, []float32{1, 0, 1, 0}, 2},
		"example 0: label -1 and prediction 0":                  {[]int32{-1}, []float32{1, 0}, 2},
	} {
		if _, err := Score(c.truth, c.rows, c.classes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestConfidencesFallIntoBins(t *testing.T) {
	// Confidences 1, 3/5 as float32 (a little above 9/15) and 1/2.
	bins := reliability([]int32{0, 0, 0}, []int32{0, 0, 0}, []float32{1, 0, 0.6, 0.4, 0.5, 0.5})
	for i, b := range bins {
		want := 0
		if i == 14 || i == 9 || i == 7 {
			want = 1
		}
		if b.Count != want {
			t.Errorf("bin (%.3f, %.3f] has %d, want %d", b.Lo, b.Hi, b.Count, want)
		}
	}
}

func TestMergeBinsPoolsPredictions(t *testing.T) {
	a, err := Score(someTruth[:3], someRows[:12], 4)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Score(someTruth[3:], someRows[12:], 4)
	if err != nil {
		t.Fatal(err)
	}
	before := slices.Clone(a.Bins)
	merged := MergeBins(MergeBins(nil, a.Bins), b.Bins)
	want := Bin{Lo: 7.0 / 15, Hi: 8.0 / 15, Count: 3, Confidence: 0.5, Accuracy: 1.0 / 3}
	near(t, "accuracy of the pooled bin", merged[7].Accuracy, want.Accuracy)
	merged[7].Accuracy = want.Accuracy
	if merged[7] != want || merged[11].Count != 1 || merged[0].Count != 0 {
		t.Errorf("merged %+v", merged)
	}
	if !slices.Equal(before, a.Bins) {
		t.Error("merging changed a list that it was given")
	}
}

func TestMetricsAreNamed(t *testing.T) {
	for name, want := range map[string]Metric{
		"log_loss":          {Name: LogLoss, Title: "Log-loss", Lower: true},
		"balanced_accuracy": {Name: BalancedAccuracy, Title: "Balanced accuracy", Percent: true},
	} {
		if m, ok := MetricNamed(name); !ok || m != want {
			t.Errorf("%s is %+v, want %+v", name, m, want)
		}
	}
	if m, ok := MetricNamed("f2"); ok {
		t.Errorf("f2 is %+v", m)
	}
}
