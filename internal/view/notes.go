package view

import (
	"slices"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// protocolOf has the protocol of an evaluation, each line once. Lines that do
// not hold for every test set name theirs.
func protocolOf(e *report.Evaluation) []string {
	return onceForAll(e.Sets, func(set *report.TestSet) []string {
		if len(set.Comparisons) == 0 {
			return nil
		}
		return set.Comparisons[0].Protocol
	})
}

// warningsOf has the warnings of an evaluation in the same way. Differences in
// other metrics than accuracy are behind those of accuracy, and so are the
// warnings of what they claim, see [claimWarnings].
func warningsOf(e *report.Evaluation) []string {
	return onceForAll(e.Sets, func(set *report.TestSet) []string {
		var lines []string
		for i, c := range set.Comparisons {
			for _, w := range c.Warnings {
				if i > 0 && ofClaims(w) || slices.Contains(lines, w.String()) {
					continue
				}
				lines = append(lines, w.String())
			}
		}
		return lines
	})
}

// claimWarnings are the warnings of one comparison that are about differences.
func claimWarnings(c *metrics.Comparison) []string {
	var lines []string
	for _, w := range c.Warnings {
		if ofClaims(w) {
			lines = append(lines, w.String())
		}
	}
	return lines
}

func ofClaims(w metrics.Warning) bool {
	switch w.Concern {
	case metrics.FewClusters, metrics.FewForClaim, metrics.TestDisagrees, metrics.HolmDisagrees, metrics.NoSpread:
		return true
	}
	return false
}

func onceForAll(sets []report.TestSet, of func(*report.TestSet) []string) []string {
	count := map[string]int{}
	for i := range sets {
		for _, line := range of(&sets[i]) {
			count[line]++
		}
	}
	var lines []string
	for i := range sets {
		for _, line := range of(&sets[i]) {
			if count[line] < len(sets) {
				line = sets[i].Name + ": " + line
			}
			if !slices.Contains(lines, line) {
				lines = append(lines, line)
			}
		}
	}
	return lines
}
