package metrics

import (
	"fmt"
	"slices"
	"strings"
)

// explain says what the table's own numbers mean and do not cover.
func (c *Comparison) explain(o Options) []string {
	var lines []string
	if line := c.spread(); line != "" {
		lines = append(lines, line)
	}
	if tested := c.tested(); len(tested) > 0 {
		lines = append(lines, c.inference(tested)...)
	}
	if line := c.testedExamples(o.noun()); line != "" {
		lines = append(lines, line)
	}
	if c.Metric == Accuracy && o.TestImages > 0 {
		if line := c.testSet(o.TestImages, o.noun()); line != "" {
			lines = append(lines, line)
		}
	}
	return lines
}

// spread says over what the ± runs, and which arms' seeds are nested.
func (c *Comparison) spread() string {
	least, most := 0, 0
	nested := map[int][]string{}
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if cell.N < 2 {
				continue
			}
			if least == 0 || cell.N < least {
				least = cell.N
			}
			most = max(most, cell.N)
			if cell.Groups < cell.N && !slices.Contains(nested[cell.Groups], cell.Arm) {
				nested[cell.Groups] = append(nested[cell.Groups], cell.Arm)
			}
		}
	}
	if most == 0 {
		return ""
	}
	line := fmt.Sprintf("± is the standard deviation over %s", count(most, "seed"))
	if least < most {
		line = fmt.Sprintf("± is the standard deviation over %d to %d seeds", least, most)
	}
	for groups := range most {
		if arms := nested[groups]; len(arms) > 0 {
			line += fmt.Sprintf("; nested in %s for %s", count(groups, "pre-training seed"), strings.Join(arms, ", "))
		}
	}
	return line
}

func (c *Comparison) inference(tested []*Difference) []string {
	over, test, drawn, effect := "seeds", "exact sign-flip p", false, false
	for _, d := range tested {
		if d.Clusters < d.Pairs {
			over = "the means of independent pre-training seeds"
		}
		drawn = drawn || !d.Test.Exact
		effect = effect || d.Effect != nil
	}
	if drawn {
		test = fmt.Sprintf("sign-flip p (exact up to %d, above that Monte Carlo with %d draws)", maxExact, monteCarloDraws)
	}
	lines := []string{
		fmt.Sprintf("differences: arm minus %s, paired by seed; %.0f %% t interval, from which the verdict follows, and two-sided %s over %s", c.Baseline, 100*Level, test, over),
		fmt.Sprintf("bootstrap: %.0f %% percentile interval (%d,000 resamples), too narrow with few seeds", 100*Level, bootstrapResamples/1000),
	}
	if effect {
		lines = append(lines, "effect: mean difference over its standard deviation between seeds (d_z), with Hedges' correction for few")
	}
	if len(tested) > 1 {
		lines = append(lines, fmt.Sprintf("p and intervals are for one comparison each; column Holm (in CSV p_holm) adjusts p for the %d of this table", len(tested)))
	}
	return lines
}

// testedExamples says what McNemar's test covers, the more plainly where no other
// test stands beside it.
func (c *Comparison) testedExamples(noun string) string {
	present, alone := false, false
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if d := cell.Difference; d != nil && len(d.McNemar) > 0 {
				present = true
				alone = alone || d.Interval == nil
			}
		}
	}
	switch covers := "it covers the choice of the test " + noun + ", not that of seeds"; {
	case !present:
		return ""
	case alone:
		return "McNemar: exact two-sided p of one seed's two classifiers; where runs are not repeated it is all there is, and " + covers + ": another seed may say otherwise"
	default:
		return "McNemar: exact two-sided p of one seed's two classifiers; " + covers
	}
}

// testSet states the uncertainty that all arms share and no seed shows: the
// choice of the test examples, at the accuracy where it is largest in the table.
func (c *Comparison) testSet(n int, noun string) string {
	half := 0.0
	for _, row := range c.Rows {
		for _, cell := range row.Cells {
			if cell.N > 0 {
				i := wilsonOf(cell.Mean, n)
				half = max(half, (i.Hi-i.Lo)/2)
			}
		}
	}
	if half == 0 {
		return ""
	}
	return fmt.Sprintf("the choice of the %[1]d test %[2]s adds up to ±%.1[3]f points to any accuracy (Wilson %.0[4]f %%), the same %[2]s for all arms", n, noun, 100*half, 100*Level)
}
