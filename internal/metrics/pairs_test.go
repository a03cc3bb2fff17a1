package metrics

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBootstrapOfFewClusters(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   *Interval
	}{
		{nil, nil},
		{[]float64{0.1}, nil},
		// A quarter of the resamples of two, and 1 in 27 of three, repeat one
		// value: more than 2.5 %.
		{[]float64{0.25, -0.5}, &Interval{-0.5, 0.25}},
		{[]float64{0.5, 0.25, 0.375}, &Interval{0.25, 0.5}},
		{[]float64{0.5, 0.5, 0.5, 0.5}, &Interval{0.5, 0.5}},
	} {
		if got := bootstrapMean(c.values); !cmp.Equal(got, c.want) {
			t.Errorf("bootstrap of %v = %v, want %v", c.values, got, c.want)
		}
	}
}

func TestEffectIsCorrectedForFewClusters(t *testing.T) {
	// J of two degrees of freedom is 1/sqrt(pi); the mean is twice the sd.
	near(t, "effect", *standardisedEffect(Summarize([]float64{1, 2, 3})), 2/math.Sqrt(math.Pi))
	for _, x := range [][]float64{{1, 2}, {0.3, 0.3, 0.3}, nil} {
		if e := standardisedEffect(Summarize(x)); e != nil {
			t.Errorf("effect of %v is %v, want none", x, *e)
		}
	}
}

func TestFindingSaysByHowManyClusters(t *testing.T) {
	around, above := &Interval{-1, 2}, &Interval{0.5, 1.5}
	for want, d := range map[string]Difference{
		"not distinguishable at n = 6": {Mean: 0.5, Interval: around, Pairs: 12, Clusters: 6},
		"higher":                       {Mean: 1, Interval: above, Clusters: 6},
		"lower":                        {Mean: -1, Interval: &Interval{-1.5, -0.5}, Clusters: 6},
		"too few to tell":              {Mean: 1, Clusters: 1},
	} {
		if got := d.Finding(); got != want {
			t.Errorf("finding %q, want %q", got, want)
		}
	}
}

func TestGainKnowsTheDirection(t *testing.T) {
	for v, want := range map[Verdict][2]int{Higher: {1, -1}, Lower: {-1, 1}, NotDistinguishable: {}, TooFew: {}} {
		if got := [2]int{v.Gain(false), v.Gain(true)}; got != want {
			t.Errorf("gain of %q is %v, want %v where higher and where lower is better", v, got, want)
		}
	}
}

func TestLowerIsBetterOfALoss(t *testing.T) {
	var records []Record
	for seed := range 3 {
		records = append(records,
			Record{Arm: "scratch", Labels: 10, Seed: seed, Values: map[string]float64{LogLoss: 2 + 0.1*float64(seed)}},
			Record{Arm: "ssl", Labels: 10, Seed: seed, Values: map[string]float64{LogLoss: 1 + 0.11*float64(seed)}})
	}
	c := Compare(records, Options{Baseline: "scratch", Metric: LogLoss})
	scratch, ssl := c.Rows[0].Cells[0], c.Rows[0].Cells[1]
	if !c.Lower || scratch.Best || !ssl.Best {
		t.Errorf("lower is better: %v; best: scratch %v, ssl %v", c.Lower, scratch.Best, ssl.Best)
	}
	if v := ssl.Difference.Verdict(); v != Lower || v.Gain(c.Lower) != 1 {
		t.Errorf("verdict %q, gain %d", v, v.Gain(c.Lower))
	}
}

func right(record Record, answers string) Record {
	for _, a := range answers {
		record.Right = append(record.Right, a == '1')
	}
	return record
}

func TestMcNemarOfOneSeed(t *testing.T) {
	records := []Record{
		right(record("scratch", 10, 4, 0.5, ""), "1111100000"),
		right(record("ssl", 10, 4, 0.8, ""), "1111011110"),
	}
	c := Compare(records, Options{Baseline: "scratch", TestImages: 10})
	d := c.Rows[0].Cells[1].Difference
	// Of five images that one alone has right, one is scratch's: 2 (1+5)/2^5.
	if want := []McNemar{{Seed: 4, Arm: 4, Baseline: 1, P: 0.375}}; !cmp.Equal(d.McNemar, want) {
		t.Errorf("McNemar %+v, want %+v", d.McNemar, want)
	}
	nearInterval(t, "Wilson interval of the run", *c.Rows[0].Cells[0].Wilson, [2]float64{0.236593090512564, 0.763406909487436})
	want := []string{
		"McNemar: exact two-sided p of one seed's two classifiers; where runs are not repeated it is all there is, and it covers the choice of the test images, not that of seeds: another seed may say otherwise",
		"the choice of the 10 test images adds up to ±26.3 points to any accuracy (Wilson 95 %), the same images for all arms",
	}
	if diff := cmp.Diff(want, c.Protocol); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}

func TestMcNemarNeedsRightAnswersOfBothToTheSameImages(t *testing.T) {
	records := []Record{
		right(record("scratch", 10, 0, 0.5, ""), "1100"), right(record("ssl", 10, 0, 0.5, ""), "0110"),
		right(record("scratch", 10, 1, 0.5, ""), "1100"), record("ssl", 10, 1, 0.5, ""),
		right(record("scratch", 10, 2, 0.5, ""), "1100"), right(record("ssl", 10, 2, 0.4, ""), "01100"),
		right(record("scratch", 10, 3, 0.5, ""), "1100"), right(record("ssl", 10, 3, 0.5, ""), "1100"),
	}
	c := Compare(records, Options{Baseline: "scratch", TestImages: 4})
	want := []McNemar{{Seed: 0, Arm: 1, Baseline: 1, P: 1}, {Seed: 3, P: 1}}
	if got := c.Rows[0].Cells[1].Difference.McNemar; !cmp.Equal(got, want) {
		t.Errorf("McNemar %+v, want %+v", got, want)
	}
	if want := "ssl against scratch with 10 labels per class, seed 2: right answers to 5 and 4 test images, no McNemar test"; !slices.Contains(messages(c), want) {
		t.Errorf("warnings %q, want %q", messages(c), want)
	}
	if c.Rows[0].Cells[0].Wilson != nil {
		t.Error("four runs have the interval of a single one")
	}
	for _, r := range records {
		r.Values[MacroF1] = 0.5
	}
	f1 := Compare(records, Options{Baseline: "scratch", Metric: MacroF1, TestImages: 4})
	if f1.Rows[0].Cells[1].Difference.McNemar != nil || strings.Contains(strings.Join(f1.Protocol, " "), "McNemar") {
		t.Errorf("macro-F1 has McNemar's test of accuracies: %+v", f1)
	}
}

func TestProtocolNamesTheIntervals(t *testing.T) {
	c := Compare(slices.Concat(arm("scratch", 10, nil, 0.5, 0.6, 0.7), arm("ssl", 10, nil, 0.6, 0.8, 0.9)), Options{Baseline: "scratch"})
	want := []string{
		"± is the standard deviation over 3 seeds",
		"differences: arm minus scratch, paired by seed; 95 % t interval, from which the verdict follows, and two-sided exact sign-flip p over seeds",
		"bootstrap: 95 % percentile interval (10,000 resamples), too narrow with few seeds",
		"effect: mean difference over its standard deviation between seeds (d_z), with Hedges' correction for few",
	}
	if diff := cmp.Diff(want, c.Protocol); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}
