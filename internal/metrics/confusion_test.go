package metrics

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestConfusion(t *testing.T) {
	c, err := NewConfusion([]int32{0, 0, 0, 1, 1, 2}, []int32{0, 0, 1, 1, 2, 1}, 4)
	if err != nil {
		t.Fatal(err)
	}
	if c[0][0] != 2 || c[0][1] != 1 || c[1][2] != 1 || c[2][1] != 1 || c.Total() != 6 || c.Correct() != 3 {
		t.Errorf("confusion %v", c)
	}
	// F1: class 0 4/5, class 1 2/5, class 2 0; class 3 never occurs.
	near(t, "accuracy", c.Accuracy(), 0.5)
	near(t, "macro-F1", c.MacroF1(), 0.4)
}

func TestConfusionRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		truth, predicted []int32
		classes          int
	}{
		"2 labels but 1 predictions":                  {[]int32{0, 1}, []int32{0}, 2},
		"no predictions":                              {nil, nil, 2},
		"among 0 classes":                             {[]int32{0}, []int32{0}, 0},
		"example 1: label -1 and prediction 0":        {[]int32{0, -1}, []int32{0, 0}, 2},
		"label 0 and prediction 2 must lie in [0, 2)": {[]int32{0}, []int32{2}, 2},
	} {
		if _, err := NewConfusion(c.truth, c.predicted, c.classes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestConfusionsAddUp(t *testing.T) {
	a, b := Confusion{{1, 2}, {3, 4}}, Confusion{{10, 0}, {0, 10}}
	var sum Confusion
	for _, c := range []Confusion{a, b} {
		sum = sum.Add(c)
	}
	if want := (Confusion{{11, 2}, {3, 14}}); !cmp.Equal(sum, want) {
		t.Errorf("sum %v, want %v", sum, want)
	}
	if !cmp.Equal(a, Confusion{{1, 2}, {3, 4}}) || !cmp.Equal(a.Add(nil), a) {
		t.Errorf("adding changed a matrix to %v", a)
	}
}
