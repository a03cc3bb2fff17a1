package main

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestSummaryOfRounds(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    summary
	}{
		{nil, summary{0, math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}},
		{[]float64{7}, summary{1, 7, 7, 7, 7, 7}},
		{[]float64{4, 1, 3, 2}, summary{4, 2.5, 1.75, 3.25, 1, 4}}, // numpy.percentile([4, 1, 3, 2], [50, 25, 75])
		{[]float64{5, 1, 4, 2, 3}, summary{5, 3, 2, 4, 1, 5}},
	} {
		if diff := cmp.Diff(c.want, summarise(c.samples), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%v: -want +got\n%s", c.samples, diff)
		}
	}
}

// Ratios are of the same round, so that a machine that slows down for a while does
// not count.
func TestRatiosAreOfOneRound(t *testing.T) {
	ours, theirs := []float64{100, 50, 400}, []float64{50, 25, 100}
	if diff := cmp.Diff([]float64{2, 2, 4}, ratios(ours, theirs, more)); diff != "" {
		t.Errorf("more is better: -want +got\n%s", diff)
	}
	if diff := cmp.Diff([]float64{0.5, 0.5}, ratios(ours, theirs[:2], less)); diff != "" {
		t.Errorf("less is better, one round missing: -want +got\n%s", diff)
	}
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 0.01234: "0.0123", 1: "1.00", 12.345: "12.3", 123.4: "123", 54321.6: "54322", -2.5: "-2.50", math.NaN(): "-"} {
		if got := digits(x); got != want {
			t.Errorf("%v is %q, not %q", x, got, want)
		}
	}
}
