package metrics

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// simulate compares two arms repeatedly and counts how often they are told
// apart. Label draws move both arms alike; each run has its own noise, and an
// arm whose runs share pre-trainings gets noise per pre-training.
func simulate(repeats, seeds, groups int, effect float64) (told int) {
	random := rand.New(rand.NewPCG(7, 8))
	for range repeats {
		shared := make([]float64, seeds)
		for i := range shared {
			shared[i] = 0.02 * random.NormFloat64()
		}
		var records []Record
		for seed := range seeds {
			draw := 0.65 + 0.03*random.NormFloat64()
			group, lift := "", 0.0
			if groups > 0 {
				group, lift = fmt.Sprint("pre-training ", seed%groups), shared[seed%groups]
			}
			records = append(records,
				record("scratch", 10, seed, draw+0.01*random.NormFloat64(), ""),
				record("ssl", 10, seed, draw+effect+lift+0.01*random.NormFloat64(), group))
		}
		d := Compare(records, Options{Baseline: "scratch"}).Rows[0].Cells[1].Difference
		if v := d.Verdict(); v == Higher || v == Lower {
			told++
		}
	}
	return told
}

func TestEqualArmsAreToldApartInFivePercent(t *testing.T) {
	const repeats = 2000
	for _, c := range []struct{ seeds, groups int }{{6, 0}, {3, 0}, {12, 0}, {6, 3}, {12, 4}, {18, 6}} {
		told := simulate(repeats, c.seeds, c.groups, 0)
		// 5 % of 2,000 is 100, its standard deviation 9.7; four of them.
		if told < 61 || told > 139 {
			t.Errorf("%d seeds in %d groups: equal arms told apart in %d of %d, want about 100", c.seeds, c.groups, told, repeats)
		}
	}
}

func TestLargeDifferencesAreFound(t *testing.T) {
	// The difference has sd 0.01 * sqrt(2) per pair: 0.043 is three of them.
	if told := simulate(500, 6, 0, 0.043); told < 480 {
		t.Errorf("a difference of three sd was found in %d of 500 with 6 seeds", told)
	}
}
