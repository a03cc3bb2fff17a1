package metrics

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// claim is a difference whose t interval leaves out 0.
type claim struct {
	arm    string
	labels int
	*Difference
}

// warnClaims names the differences that the t interval finds and the test,
// which does not assume normal differences, does not: one warning for each
// reason, so that they stay short beside a large table.
func (c *Comparison) warnClaims() {
	var few, untold, several []claim
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			d := cell.Difference
			if d == nil || d.Verdict().Gain(c.Lower) == 0 {
				continue
			}
			switch found := (claim{cell.Arm, row.Labels, d}); {
			case d.Test.Least >= 1-Level:
				few = append(few, found)
			case d.Test.P >= 1-Level:
				untold = append(untold, found)
			case d.Holm >= 1-Level:
				several = append(several, found)
			}
		}
	}
	c.warnFew(few)
	if len(untold) > 0 {
		c.warn(TestDisagrees, "%s, but the sign-flip p is not below %.2g: without the assumption of normal differences the claim needs more seeds", leavesOutZero(untold), 1-Level)
	}
	c.warnSeveral(several)
}

func (c *Comparison) warnFew(claims []claim) {
	if len(claims) == 0 {
		return
	}
	least, most := claims[0].Difference, claims[0].Difference
	for _, f := range claims {
		if f.Clusters < least.Clusters {
			least = f.Difference
		}
		if f.Clusters > most.Clusters {
			most = f.Difference
		}
	}
	what, bound := count(most.Clusters, most.repeats()), most.Test.Least
	if least.Clusters < most.Clusters {
		what = fmt.Sprintf("%d to %s", least.Clusters, what)
	}
	c.warn(FewForClaim, "%s, but with %s no p can be below %.3g: at least %d are needed for the claim", leavesOutZero(claims), what, bound, needed(1))
}

func (c *Comparison) warnSeveral(claims []claim) {
	if len(claims) == 0 {
		return
	}
	tested := len(c.tested())
	text := fmt.Sprintf("p is below %.2g for %s, but not when Holm's p accounts for the %d comparisons of this table", 1-Level, places(claims), tested)
	most := slices.MaxFunc(claims, func(a, b claim) int { return a.Clusters - b.Clusters })
	if n := needed(tested); n > most.Clusters {
		text += fmt.Sprintf("; the smallest p must be below %.2g/%d, which takes at least %s", 1-Level, tested, count(n, most.repeats()))
	}
	c.warn(HolmDisagrees, "%s", text)
}

// needed is the least number of independent differences whose sign-flip p, at
// best 2^(1-n), stays below 1-[Level] when multiplied by the comparisons.
func needed(comparisons int) int {
	return int(math.Log2(float64(comparisons)/(1-Level))) + 2
}

func leavesOutZero(claims []claim) string {
	if len(claims) == 1 {
		return fmt.Sprintf("the interval of %s leaves out 0", places(claims))
	}
	return fmt.Sprintf("the intervals of %s leave out 0", places(claims))
}

// places names arms with their label budgets: "a with 10 and 50 labels per class,
// b with all labels".
func places(claims []claim) string {
	budgets := map[string][]string{}
	var arms []string
	for _, f := range claims {
		if budgets[f.arm] == nil {
			arms = append(arms, f.arm)
		}
		budgets[f.arm] = append(budgets[f.arm], LabelsText(f.labels))
	}
	for i, arm := range arms {
		texts := budgets[arm]
		last := len(texts) - 1
		for j, text := range texts[:last] {
			texts[j] = strings.Fields(text)[0]
		}
		arms[i] = arm + " with " + texts[last]
		if last > 0 {
			arms[i] = arm + " with " + strings.Join(texts[:last], ", ") + " and " + texts[last]
		}
	}
	return strings.Join(arms, ", ")
}
