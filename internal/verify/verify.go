// Package verify compares what a rerun made with what a lock file says: bit for
// bit, and where bits differ by the scores, within the spread that the lock file
// itself shows.
//
// It refuses to run anything and to look anything up: it is handed both sides. A
// new verdict is a constant here and a line in the text of package view.
package verify

import (
	"math"
	"math/rand/v2"
	"regexp"
	"slices"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"sslpipe/internal/artifact"
	"sslpipe/internal/lockfile"
)

// Verdict is how a rerun of a unit compares with its record.
type Verdict string

// The verdicts.
const (
	Equal     Verdict = "bitwise equal"
	Within    Verdict = "within tolerance" // other bits, and no score further off than another seed would be
	Different Verdict = "different"
	Missing   Verdict = "not made" // the rerun ended before it
)

// Outcome is the comparison of one unit.
type Outcome struct {
	Unit         string // address
	Verdict      Verdict
	Locked, Made string // digests of the results; Made is empty where there is none
	// Step is the first training step whose loss differs; 0 where that is not known:
	// the recorded result is not stored here, or it has no steps.
	Step   int
	Scores []Score // that differ, by name
	// Inputs tells that a unit which this one reads came out other than recorded
	// too, so that the difference may come from there.
	Inputs bool
}

// Score is a number that differs.
type Score struct {
	Name         string
	Locked, Made float64 // NaN where one of the two lacks it
	// Tolerance is how far two seeds of the stage are apart in 99 of 100 cases, as
	// far as the recorded seeds tell; NaN where they are fewer than two.
	Tolerance float64
}

// Within tells whether the numbers are no further apart than their tolerance.
func (s Score) Within() bool { return math.Abs(s.Made-s.Locked) <= s.Tolerance }

// Rerun is what came of running a unit again.
type Rerun struct {
	Made *artifact.Entry // nil where it did not end
	// Step is where its curve parts from that of the recorded result; 0 if not known.
	Step   int
	Inputs []string // addresses of the units that it reads
}

// Compare compares reruns, by the address of their unit, with their records. The
// outcomes are in the order of the addresses; units without a recorded result are
// left out.
func Compare(lock *lockfile.File, reruns map[string]Rerun) []Outcome {
	spread := spreads(lock)
	var outcomes []Outcome
	other := map[string]bool{}
	for _, u := range lock.Units {
		rerun, chosen := reruns[u.Address]
		if !chosen || u.Result == "" {
			continue
		}
		o := compare(u, rerun, spread)
		other[u.Address] = o.Verdict != Equal
		outcomes = append(outcomes, o)
	}
	for i, o := range outcomes {
		outcomes[i].Inputs = o.Verdict != Equal && slices.ContainsFunc(reruns[o.Unit].Inputs, func(in string) bool { return other[in] })
	}
	return outcomes
}

func compare(locked lockfile.Unit, rerun Rerun, spread map[scoreOf]float64) Outcome {
	o := Outcome{Unit: locked.Address, Locked: locked.Result, Step: rerun.Step}
	if rerun.Made == nil {
		o.Verdict = Missing
		return o
	}
	o.Made = rerun.Made.Tree
	if o.Made == o.Locked {
		o.Verdict = Equal
		return o
	}
	o.Verdict = Different
	within, scored := true, false
	for _, s := range artifact.CompareScores(locked.Scores, rerun.Made.Scores()) {
		tolerance, known := spread[groupOf(locked.Address, s.Name)]
		if !known {
			tolerance = math.NaN()
		}
		score := Score{Name: s.Name, Locked: s.A, Made: s.B, Tolerance: tolerance}
		o.Scores = append(o.Scores, score)
		within = within && score.Within()
	}
	for name := range locked.Scores {
		_, known := spread[groupOf(locked.Address, name)]
		scored = scored || known
	}
	// Where no score says how far apart results may be, only equal bits will do.
	if within && scored {
		o.Verdict = Within
	}
	return o
}

// scoreOf is what scores share that differ in the seed alone, of their unit or in
// their own name.
type scoreOf struct{ unit, name string }

// spreads are the tolerances of all scores that two seeds at least have: the
// half-width of the interval that holds the difference of two draws in 99 of 100
// cases, t(0.995, n-1) * sd * sqrt(2).
func spreads(lock *lockfile.File) map[scoreOf]float64 {
	values := map[scoreOf][]float64{}
	for _, u := range lock.Units {
		for name, x := range u.Scores {
			of := groupOf(u.Address, name)
			if of != (scoreOf{u.Address, name}) {
				values[of] = append(values[of], x)
			}
		}
	}
	tolerances := map[scoreOf]float64{}
	for of, list := range values {
		if n := len(list); n > 1 {
			t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(0.995)
			tolerances[of] = t * stat.StdDev(list, nil) * math.Sqrt2
		}
	}
	return tolerances
}

var (
	unitSeed  = regexp.MustCompile(`([\[,])seed=\d+([\],])`)
	scoreSeed = regexp.MustCompile(`, seed \d+$`)
)

// groupOf leaves the seed out of finetune.ssl[labels=10,seed=3], and of "accuracy of
// arm 0 at 10 labels per class, seed 3".
func groupOf(address, name string) scoreOf {
	return scoreOf{unitSeed.ReplaceAllString(address, "$1$2"), scoreSeed.ReplaceAllString(name, "")}
}

// Sample returns n of the addresses, the same ones for the same seed, in their
// order; all of them where there are no more.
func Sample(addresses []string, n int, seed uint64) []string {
	if n >= len(addresses) {
		return addresses
	}
	drawn := slices.Clone(addresses)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	drawn = drawn[:n]
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return !slices.Contains(drawn, a) })
}

// Counts says in how many outcomes each verdict was reached.
func Counts(outcomes []Outcome) map[Verdict]int {
	counts := map[Verdict]int{}
	for _, o := range outcomes {
		counts[o.Verdict]++
	}
	return counts
}
