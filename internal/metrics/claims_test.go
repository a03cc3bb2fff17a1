package metrics

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// claims returns the warnings about claims alone.
func claims(c *Comparison) map[Concern]string {
	found := map[Concern]string{}
	for _, w := range c.Warnings {
		if w.Concern == FewForClaim || w.Concern == TestDisagrees || w.Concern == HolmDisagrees {
			found[w.Concern] += w.Message
		}
	}
	return found
}

func TestClaimsOfFewSeedsShareAWarning(t *testing.T) {
	three := []float64{0.5, 0.5, 0.5}
	records := slices.Concat(
		arm("scratch", 10, nil, three...), arm("scratch", 50, nil, three...), arm("scratch", 0, nil, 0.5, 0.5, 0.5, 0.5),
		arm("a", 10, nil, 0.6, 0.61, 0.62), arm("a", 50, nil, 0.7, 0.71, 0.72), arm("a", 0, nil, 0.7, 0.71, 0.72, 0.73),
		arm("b", 10, nil, 0.4, 0.41, 0.42), arm("b", 50, nil, 0.4, 0.5, 0.6),
	)
	want := map[Concern]string{FewForClaim: "the intervals of a with 10, 50 and all labels, b with 10 labels per class leave out 0, " +
		"but with 3 to 4 seeds no p can be below 0.125: at least 6 are needed for the claim"}
	if diff := cmp.Diff(want, claims(Compare(records, Options{Baseline: "scratch"}))); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestClaimThatTheTestDoesNotShare(t *testing.T) {
	// Six differences of which the smallest is below 0: 4 of 64 sign patterns
	// are as far from 0 (p = 0.0625), and the t interval leaves 0 out.
	records := slices.Concat(
		arm("scratch", 10, nil, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5),
		arm("ssl", 10, nil, 0.6, 0.61, 0.59, 0.6, 0.6, 0.49),
	)
	c := Compare(records, Options{Baseline: "scratch"})
	if d := c.Rows[0].Cells[1].Difference; d.Test.P != 0.0625 || d.Verdict() != Higher {
		t.Fatalf("difference %+v", d)
	}
	want := map[Concern]string{TestDisagrees: "the interval of ssl with 10 labels per class leaves out 0, but the sign-flip p is not below 0.05: " +
		"without the assumption of normal differences the claim needs more seeds"}
	if diff := cmp.Diff(want, claims(c)); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
}

func TestClaimsThatHolmDoesNotShare(t *testing.T) {
	var records []Record
	for _, labels := range []int{10, 50} {
		records = append(records, arm("scratch", labels, nil, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5)...)
		records = append(records, arm("up", labels, nil, 0.61, 0.62, 0.63, 0.64, 0.65, 0.66)...)
	}
	c := Compare(records, Options{Baseline: "scratch"})
	want := map[Concern]string{HolmDisagrees: "p is below 0.05 for up with 10 and 50 labels per class, but not when Holm's p accounts for the 2 comparisons of this table; " +
		"the smallest p must be below 0.05/2, which takes at least 7 seeds"}
	if diff := cmp.Diff(want, claims(c)); diff != "" {
		t.Errorf("claims (-want +got):\n%s", diff)
	}
	if alone := claims(Compare(records[:12], Options{Baseline: "scratch"})); len(alone) != 0 {
		t.Errorf("one comparison of six seeds: %v", alone)
	}
}

func TestNeededSeeds(t *testing.T) {
	// 1/32 is below 0.05; 2/64 and 12/256 are, 12/128 is not.
	for comparisons, want := range map[int]int{1: 6, 2: 7, 12: 9} {
		if got := needed(comparisons); got != want {
			t.Errorf("%d comparisons need %d seeds, want %d", comparisons, got, want)
		}
	}
}
