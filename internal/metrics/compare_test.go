package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func record(arm string, labels, seed int, accuracy float64, group string) Record {
	return Record{Arm: arm, Labels: labels, Seed: seed, Group: group, Values: map[string]float64{Accuracy: accuracy}}
}

// arm makes one record per value, seeds from 0.
func arm(name string, labels int, group func(seed int) string, values ...float64) []Record {
	var records []Record
	for seed, v := range values {
		g := ""
		if group != nil {
			g = group(seed)
		}
		records = append(records, record(name, labels, seed, v, g))
	}
	return records
}

func modulo(n int) func(int) string {
	return func(seed int) string { return string(rune('a' + seed%n)) }
}

func messages(c *Comparison) []string {
	var out []string
	for _, w := range c.Warnings {
		out = append(out, w.String())
	}
	return out
}

func TestCompareTable(t *testing.T) {
	records := slices.Concat(
		arm("ssl", 0, nil, 0.91, 0.93),
		arm("scratch", 50, nil, 0.70, 0.72, 0.74),
		arm("scratch", 10, nil, 0.60, 0.62, 0.64),
		arm("ssl", 10, nil, 0.65, 0.68, 0.71),
		arm("ignored", 10, nil, 0.99),
	)
	c := Compare(records, Options{Baseline: "scratch", Arms: []string{"ssl"}})
	if want := []string{"scratch", "ssl"}; !slices.Equal(c.Arms, want) {
		t.Fatalf("arms %v, want %v", c.Arms, want)
	}
	var labels []int
	for _, row := range c.Rows {
		labels = append(labels, row.Labels)
	}
	if want := []int{10, 50, 0}; !slices.Equal(labels, want) {
		t.Fatalf("rows %v, want %v", labels, want)
	}
	scratch, ssl := c.Rows[0].Cells[0], c.Rows[0].Cells[1]
	near(t, "scratch mean", scratch.Mean, 0.62)
	near(t, "scratch sd", scratch.SD, 0.02)
	if scratch.Difference != nil || scratch.Best || !ssl.Best {
		t.Errorf("scratch %+v, ssl %+v", scratch, ssl)
	}
	d := ssl.Difference
	near(t, "difference", d.Mean, 0.06)
	// sd of 0.05, 0.06, 0.07 is 0.01; t(0.975, 2) = 4.302652729911275.
	half := 4.302652729911275 * 0.01 / math.Sqrt(3)
	nearInterval(t, "interval", *d.Interval, [2]float64{0.06 - half, 0.06 + half})
	if d.Test.P != 0.25 || d.Pairs != 3 || d.Clusters != 3 || d.Verdict() != Higher {
		t.Errorf("difference %+v, verdict %q", d, d.Verdict())
	}
	want := []string{
		"p cannot fall below 0.25 with 3 seeds",
		"ssl has no result with 50 labels per class",
		"scratch has no result with all labels",
		"the interval of ssl with 10 labels per class leaves out 0, but with 3 seeds no p can be below 0.25: at least 6 are needed for the claim",
	}
	if diff := cmp.Diff(want, messages(c)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if missing := c.Rows[1].Cells[1]; missing.N != 0 || missing.Best || missing.Difference != nil {
		t.Errorf("missing cell %+v", missing)
	}
	if alone := c.Rows[1].Cells[0]; alone.Best {
		t.Error("the only arm of a row is marked best")
	}
}

func TestCompareCountsPreTrainingsNotDraws(t *testing.T) {
	records := slices.Concat(
		arm("scratch", 10, nil, 0.60, 0.61, 0.62, 0.63, 0.64, 0.65),
		arm("ssl", 10, modulo(3), 0.66, 0.65, 0.67, 0.68, 0.69, 0.72),
	)
	c := Compare(records, Options{Baseline: "scratch"})
	cell := c.Rows[0].Cells[1]
	// Differences .06 .04 .05 .05 .05 .07; over seeds with one group: .055 .045 .06.
	near(t, "difference", cell.Difference.Mean, 0.16/3)
	if cell.N != 6 || cell.Groups != 3 || cell.Difference.Pairs != 6 || cell.Difference.Clusters != 3 {
		t.Errorf("cell %+v, difference %+v", cell, cell.Difference)
	}
	if cell.Difference.Test.P != 0.25 {
		t.Errorf("p = %v, want 0.25 over 3 groups", cell.Difference.Test.P)
	}
	want := []string{
		"p cannot fall below 0.25 with 3 independent pre-training seeds",
		"the interval of ssl with 10 labels per class leaves out 0, but with 3 independent pre-training seeds no p can be below 0.25: at least 6 are needed for the claim",
	}
	if diff := cmp.Diff(want, messages(c)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	if want := "± is the standard deviation over 6 seeds; nested in 3 pre-training seeds for ssl"; c.Protocol[0] != want {
		t.Errorf("protocol %q, want %q", c.Protocol[0], want)
	}
}

func TestCompareLinksGroupsOfBothArms(t *testing.T) {
	values := []float64{0.6, 0.61, 0.62, 0.63, 0.64, 0.66}
	for _, c := range []struct {
		name     string
		a, b     func(int) string
		clusters int
	}{
		{"no groups", nil, nil, 6},
		{"the same groups", modulo(3), modulo(3), 3},
		{"nested groups", modulo(6), modulo(2), 2},
		{"crossed groups", modulo(3), func(s int) string { return "other " + modulo(2)(s) }, 1},
	} {
		records := slices.Concat(arm("a", 10, c.a, values...), arm("b", 10, c.b, 0.7, 0.7, 0.7, 0.7, 0.7, 0.7))
		d := Compare(records, Options{Baseline: "a"}).Rows[0].Cells[1].Difference
		if d.Clusters != c.clusters {
			t.Errorf("%s: %d clusters, want %d", c.name, d.Clusters, c.clusters)
		}
		if (d.Interval == nil) != (c.clusters < 2) || (d.Verdict() == TooFew) != (c.clusters < 2) {
			t.Errorf("%s: interval %v, verdict %q with %d clusters", c.name, d.Interval, d.Verdict(), d.Clusters)
		}
	}
}

func TestSwappingArmsNegatesTheDifference(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	for _, n := range []int{2, 3, 6, 9, 25} {
		var records []Record
		for seed := range n {
			records = append(records,
				record("a", 10, seed, random.Float64(), modulo(2)(seed/4)),
				record("b", 10, seed, random.Float64(), ""))
		}
		ab := Compare(records, Options{Baseline: "a", Arms: []string{"a", "b"}}).Rows[0].Cells[1].Difference
		random.Shuffle(n, func(i, j int) { records[i], records[j] = records[j], records[i] })
		ba := Compare(records, Options{Baseline: "b", Arms: []string{"a", "b"}}).Rows[0].Cells[0].Difference
		if ab.Mean != -ba.Mean || ab.Test != ba.Test || (ab.Interval == nil) != (ba.Interval == nil) {
			t.Fatalf("n = %d: %+v and swapped %+v", n, ab, ba)
		}
		if ab.Interval == nil {
			continue
		}
		nearInterval(t, "swapped interval", *ab.Interval, [2]float64{-ba.Interval.Hi, -ba.Interval.Lo})
		if ab.Bootstrap.Lo != -ba.Bootstrap.Hi || ab.Bootstrap.Hi != -ba.Bootstrap.Lo {
			t.Errorf("bootstrap %v and swapped %v", ab.Bootstrap, ba.Bootstrap)
		}
		if ab.Effect != nil && *ab.Effect != -*ba.Effect {
			t.Errorf("effect %v and swapped %v", *ab.Effect, *ba.Effect)
		}
	}
}

func TestCompareWarns(t *testing.T) {
	records := slices.Concat(
		arm("scratch", 10, nil, 0.5, 0.6, 0.7),
		arm("few", 10, nil, 0.6),
		arm("constant", 10, nil, 0.75, 0.85, 0.95),
		arm("one", 10, modulo(1), 0.61, 0.73, 0.82),
		[]Record{
			record("scratch", 10, 2, 0.9, ""),
			record("other", 10, 7, 0.9, ""),
			record("other", 10, 8, math.NaN(), ""),
		},
	)
	c := Compare(records, Options{Baseline: "scratch"})
	want := []string{
		"scratch with 10 labels per class, seed 2: several records, the first one counts",
		"other with 10 labels per class, seed 8: no finite accuracy, left out",
		"few against scratch with 10 labels per class: paired over 1 seed of 3",
		"no interval and no test with 1 seed",
		"p cannot fall below 0.25 with 3 seeds",
		"constant against scratch with 10 labels per class: the difference is the same for every seed, so its interval has no width",
		"one: every run started from one pre-training, so its spread does not cover pre-training",
		"no interval and no test with 1 independent pre-training seed",
		"other and scratch share no seed with 10 labels per class: no paired difference",
		"the interval of constant with 10 labels per class leaves out 0, but with 3 seeds no p can be below 0.25: at least 6 are needed for the claim",
	}
	if diff := cmp.Diff(want, messages(c)); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
	near(t, "scratch mean without the duplicate", c.Rows[0].Cells[0].Mean, 0.6)
}

func TestCompareWarnsOfDifferencesWithoutSpread(t *testing.T) {
	records := slices.Concat(
		arm("scratch", 0, nil, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
		arm("raw", 0, nil, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75),
	)
	want := []string{"raw against scratch with all labels: the difference is the same for every seed, so its interval has no width"}
	if got := messages(Compare(records, Options{Baseline: "scratch"})); !slices.Equal(got, want) {
		t.Errorf("warnings %q, want %q", got, want)
	}
}

func TestCompareWithoutRecordsOrBaseline(t *testing.T) {
	if c := Compare(nil, Options{Baseline: "scratch", Arms: []string{"ssl"}}); len(c.Rows) != 0 {
		t.Errorf("rows %v from nothing", c.Rows)
	}
	c := Compare(arm("ssl", 10, nil, 0.5, 0.6), Options{})
	if d := c.Rows[0].Cells[0].Difference; d != nil || len(c.Warnings) != 0 {
		t.Errorf("difference %v, warnings %v without a baseline", d, c.Warnings)
	}
}

func TestHolmCoversTheWholeTable(t *testing.T) {
	var records []Record
	for _, labels := range []int{10, 50} {
		records = append(records, arm("scratch", labels, nil, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)...)
		records = append(records, arm("up", labels, nil, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66)...)
	}
	records = append(records, arm("same", 10, nil, 0.51, 0.49, 0.52, 0.48, 0.53, 0.47)...)
	c := Compare(records, Options{Baseline: "scratch"})
	up, same := c.Rows[0].Cells[1].Difference, c.Rows[0].Cells[2].Difference
	if up.Test.P != 1.0/32 || up.Holm != 3.0/32 {
		t.Errorf("p = %v, Holm %v; want 1/32 and, of three comparisons, 3/32", up.Test.P, up.Holm)
	}
	if same.Verdict() != NotDistinguishable || same.Holm != 1 {
		t.Errorf("equal arms: %+v, %q", same, same.Verdict())
	}
}

func TestProtocolStatesTheTestSet(t *testing.T) {
	for noun, examples := range map[string]string{"": "images", "texts": "texts"} {
		c := Compare(arm("a", 10, nil, 0.5, 0.5), Options{TestImages: 400, Noun: noun, Protocol: []string{"data: toy"}})
		// Wilson at 200 of 400: [0.4513, 0.5487].
		want := []string{
			"data: toy",
			"± is the standard deviation over 2 seeds",
			"the choice of the 400 test " + examples + " adds up to ±4.9 points to any accuracy (Wilson 95 %), the same " + examples + " for all arms",
		}
		if diff := cmp.Diff(want, c.Protocol); diff != "" {
			t.Errorf("protocol (-want +got):\n%s", diff)
		}
	}
}
