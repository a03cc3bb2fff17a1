package metrics

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScoresAgreeWithScikitLearn(t *testing.T) {
	cases := loadGolden(t).Scores
	if len(cases) != 5 {
		t.Fatalf("%d cases, want 5", len(cases))
	}
	for i, c := range cases {
		s, err := Score(c.Truth, c.Probabilities, c.Classes)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Values) != len(Metrics) {
			t.Errorf("case %d: scores %v", i, slices.Sorted(maps.Keys(s.Values)))
		}
		for _, m := range Metrics {
			near(t, fmt.Sprintf("case %d: %s", i, m.Name), s.Values[m.Name], c.Values[m.Name])
		}
		for k, want := range c.Recall {
			near(t, fmt.Sprintf("case %d: recall of class %d", i, k), s.Recall[k], want)
		}
		var counts []int
		for _, b := range s.Bins {
			counts = append(counts, b.Count)
		}
		if diff := cmp.Diff(c.BinCounts, counts); diff != "" {
			t.Errorf("case %d: bins (-want +got):\n%s", i, diff)
		}
	}
}

func TestMcNemarAgreesWithSciPy(t *testing.T) {
	for _, c := range loadGolden(t).McNemar {
		if got := mcnemarP(c.Arm, c.Baseline); math.Abs(got/c.P-1) > 1e-9 {
			t.Errorf("p of %d and %d = %g, want %g", c.Arm, c.Baseline, got, c.P)
		}
	}
}

func TestEffectAgreesWithSciPy(t *testing.T) {
	for _, c := range loadGolden(t).Effects {
		near(t, "effect", *standardisedEffect(Summarize(c.X)), c.G)
	}
}

// An end of 10,000 resamples has a standard error of 0.16 % in rank. Of up to
// five values SciPy's side counts every resample there is.
func TestBootstrapAgreesWithSciPy(t *testing.T) {
	for _, c := range loadGolden(t).Bootstraps {
		i := bootstrapMean(c.X)
		for what, end := range map[string]struct {
			got  float64
			want []float64
		}{"lower": {i.Lo, c.Lo}, "upper": {i.Hi, c.Hi}} {
			if end.got < end.want[0]-negligible || end.got > end.want[1]+negligible {
				t.Errorf("%d values: %s end %.6f, want it in %.6f", len(c.X), what, end.got, end.want)
			}
		}
	}
}

func TestIsotonicAgreesWithScikitLearn(t *testing.T) {
	for _, c := range loadGolden(t).Isotonic {
		got := isotonic(c.Y, c.Weights)
		for i, want := range c.Fitted {
			near(t, fmt.Sprintf("isotonic %v at %d", c.Y, i), got[i], want)
		}
	}
}

func TestLabelEfficiencyAgreesWithScikitLearn(t *testing.T) {
	c := loadGolden(t).Efficiency
	var records []Record
	for seed := range c.Baseline {
		for i, labels := range c.Labels {
			// Only the first four seeds have the largest budget, which the arm lacks.
			if i < 4 || seed < 4 {
				records = append(records, record("scratch", labels, seed, c.Baseline[seed][i], ""))
			}
			if i < 4 {
				records = append(records, record("ssl", labels, seed, c.Arm[seed][i], ""))
			}
		}
	}
	savings := LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings
	if len(savings) != len(c.Required) {
		t.Fatalf("%d savings, want %d", len(savings), len(c.Required))
	}
	for i, want := range c.Required {
		near(t, fmt.Sprint("labels for the score with ", c.Labels[i]), savings[i].Required, want)
	}
}
