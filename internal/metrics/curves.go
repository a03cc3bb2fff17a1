package metrics

import (
	"maps"
	"slices"
)

// curvePair holds the scores behind the curves of an arm and the baseline, higher
// being better, by budget and cluster of seeds.
type curvePair struct {
	labels        []float64 // ascending
	paired        []bool    // by budget: the arm has it too
	arm, baseline [][]tally
	clusters      int
}

// tally is the sum of a number of scores.
type tally struct{ sum, n float64 }

func (t *tally) add(other tally) {
	t.sum += other.sum
	t.n += other.n
}

// pairCurves takes the seeds that both arms have at a budget. Where the arm has
// none, it takes the baseline's runs with the seeds that they share elsewhere.
func pairCurves(runs map[cellKey]map[int]outcome, arm, baseline string, lower bool) *curvePair {
	clusters := pairedSeeds(runs, arm, baseline)
	p := &curvePair{clusters: len(clusters)}
	sign := 1.0
	if lower {
		sign = -1
	}
	seeds := slices.Concat(clusters...)
	for _, labels := range budgets(runs) {
		own, base := runs[cellKey{arm, labels}], runs[cellKey{baseline, labels}]
		shares := func(partner map[int]outcome) bool {
			return slices.ContainsFunc(seeds, func(seed int) bool { return both(partner, base, seed) })
		}
		if labels == 0 || !shares(base) {
			continue
		}
		paired := shares(own)
		if !paired {
			own = base
		}
		arms, bases := tallies(own, base, clusters, sign)
		p.labels, p.paired = append(p.labels, float64(labels)), append(p.paired, paired)
		p.arm, p.baseline = append(p.arm, arms), append(p.baseline, bases)
	}
	return p
}

// tallies adds up, by cluster, the scores of the seeds that both have.
func tallies(arm, baseline map[int]outcome, clusters [][]int, sign float64) (arms, baselines []tally) {
	arms, baselines = make([]tally, len(clusters)), make([]tally, len(clusters))
	for k, seeds := range clusters {
		for _, seed := range seeds {
			if both(arm, baseline, seed) {
				arms[k].add(tally{sign * arm[seed].value, 1})
				baselines[k].add(tally{sign * baseline[seed].value, 1})
			}
		}
	}
	return arms, baselines
}

func both(a, b map[int]outcome, seed int) bool {
	_, inA := a[seed]
	_, inB := b[seed]
	return inA && inB
}

// pairedSeeds are those that both arms have at some budget, in the clusters that
// the groups of their runs at any budget link.
func pairedSeeds(runs map[cellKey]map[int]outcome, arm, baseline string) [][]int {
	shared := map[int]bool{}
	groups := map[int][]string{}
	for _, labels := range budgets(runs) {
		if labels == 0 {
			continue
		}
		own, base := runs[cellKey{arm, labels}], runs[cellKey{baseline, labels}]
		for seed, run := range own {
			shared[seed] = shared[seed] || both(own, base, seed)
			groups[seed] = append(groups[seed], run.group)
		}
		for seed, run := range base {
			groups[seed] = append(groups[seed], run.group)
		}
	}
	maps.DeleteFunc(groups, func(seed int, _ []string) bool { return !shared[seed] })
	seeds := slices.Sorted(maps.Keys(groups))
	names := make([][]string, len(seeds))
	for i, seed := range seeds {
		names[i] = groups[seed]
	}
	clusters := cluster(names)
	for _, members := range clusters {
		for j, i := range members {
			members[j] = seeds[i]
		}
	}
	return clusters
}

// shared is the number of budgets that both arms have.
func (p *curvePair) shared() int {
	n := 0
	for _, paired := range p.paired {
		if paired {
			n++
		}
	}
	return n
}

// everyCluster lists the clusters once each.
func (p *curvePair) everyCluster() []int {
	all := make([]int, p.clusters)
	for k := range all {
		all[k] = k
	}
	return all
}

// means over the seeds of clusters, which may repeat, by budget, with the number
// of runs; ok is false where a budget has none. What stands for the arm at a
// budget that it lacks is of no use.
func (p *curvePair) means(clusters []int) (arm, baseline, runs []float64, ok bool) {
	n := len(p.labels)
	arm, baseline, runs = make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range p.labels {
		var a, b tally
		for _, k := range clusters {
			a.add(p.arm[i][k])
			b.add(p.baseline[i][k])
		}
		if b.n == 0 {
			return nil, nil, nil, false
		}
		arm[i], baseline[i], runs[i] = a.sum/a.n, b.sum/b.n, b.n
	}
	return arm, baseline, runs, true
}

// required is the number of labels that the baseline needs for the arm's score,
// by budget.
func (p *curvePair) required(clusters []int) (labels []float64, ok bool) {
	arm, baseline, runs, ok := p.means(clusters)
	if !ok {
		return nil, false
	}
	c := curve{p.labels, isotonic(baseline, runs)}
	labels = make([]float64, len(arm))
	for i, score := range arm {
		labels[i] = c.required(score)
	}
	return labels, true
}
