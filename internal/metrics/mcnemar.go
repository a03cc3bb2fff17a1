package metrics

import (
	"maps"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// McNemar counts the test examples that tell two classifiers of one seed apart
// (McNemar, Psychometrika 12, 1947). Its P is about the choice of the test
// examples with both classifiers given: it does not know what another seed would
// have given, however small it is.
type McNemar struct {
	Seed     int `json:"seed"`
	Arm      int `json:"arm"`      // examples that only the arm has right
	Baseline int `json:"baseline"` // examples that only the baseline has right
	// P is the exact two-sided binomial probability of counts this unequal, at
	// most 1.
	P float64 `json:"p"`
}

// mcnemar tests the seeds that both arms have and whose right answers are known, to
// test examples of that noun.
func (c *Comparison) mcnemar(labels int, name string, arm, baseline map[int]outcome, noun string) []McNemar {
	var tests []McNemar
	for _, seed := range slices.Sorted(maps.Keys(arm)) {
		own, base := arm[seed].right, baseline[seed].right
		if own == nil || base == nil {
			continue
		}
		if len(own) != len(base) {
			c.warn(Unpaired, "%s against %s with %s, seed %d: right answers to %d and %d test %s, no McNemar test", name, c.Baseline, LabelsText(labels), seed, len(own), len(base), noun)
			continue
		}
		test := McNemar{Seed: seed}
		for i := range own {
			if own[i] && !base[i] {
				test.Arm++
			}
			if base[i] && !own[i] {
				test.Baseline++
			}
		}
		test.P = mcnemarP(test.Arm, test.Baseline)
		tests = append(tests, test)
	}
	return tests
}

func mcnemarP(arm, baseline int) float64 {
	b := distuv.Binomial{N: float64(arm + baseline), P: 0.5}
	return min(1, 2*b.CDF(float64(min(arm, baseline))))
}
