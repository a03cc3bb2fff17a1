package report

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sslpipe/internal/metrics"
)

// Compare puts the arms of several runs side by side, as one evaluation whose
// baseline is that of the first run. Runs with the same labels and seed are
// paired across runs, since they learnt from the same images. An arm with the same
// name and the same predictions in several runs, wherever both have any, appears
// once; arms of one name that differ get the number of their run: ssl@2.
//
// What is not comparable is an error that names what differs: other test images,
// other labelled or validation images, another unit to score.
func Compare(runs []*Report) (*Evaluation, error) {
	evaluations := make([]*Evaluation, len(runs))
	for i, r := range runs {
		var err error
		if evaluations[i], err = sameNamed(r, runs[0]); err != nil {
			return nil, err
		}
	}
	var problems []error
	for i, e := range evaluations {
		if len(e.Sets) == 0 {
			problems = append(problems, fmt.Errorf("run %s has no test set", runs[i].Run))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	for i := range runs[1:] {
		problems = append(problems, differences(runs[0], runs[i+1], evaluations[0], evaluations[i+1])...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	m := merge{names: map[[2]any]string{}}
	m.arms(evaluations)
	out := &Evaluation{Name: evaluations[0].Name, Baseline: m.names[[2]any{0, evaluations[0].Baseline}], Arms: m.merged}
	for _, e := range evaluations {
		out.Parts = added(out.Parts, e.Parts)
		out.Leaks = added(out.Leaks, e.Leaks)
	}
	for i, set := range evaluations[0].Sets {
		out.Sets = append(out.Sets, m.set(runs, evaluations, i, set, out.Baseline))
	}
	return out, nil
}

// added appends what is not there yet.
func added[T comparable](all, more []T) []T {
	for _, x := range more {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// sameNamed is the evaluation of r that is called like the first run's, or its
// only one.
func sameNamed(r, first *Report) (*Evaluation, error) {
	for _, run := range []*Report{first, r} {
		if len(run.Evaluations) == 0 {
			return nil, fmt.Errorf("run %s has no evaluation", run.Run)
		}
	}
	if len(r.Evaluations) == 1 {
		return &r.Evaluations[0], nil
	}
	at := slices.IndexFunc(r.Evaluations, func(e Evaluation) bool { return e.Name == first.Evaluations[0].Name })
	if at < 0 {
		return nil, fmt.Errorf("run %s has several evaluations, none called %q", r.Run, first.Evaluations[0].Name)
	}
	return &r.Evaluations[at], nil
}

// differences says why two evaluations cannot be compared.
func differences(first, other *Report, a, b *Evaluation) []error {
	var problems []error
	differ := func(what, is, was string) {
		problems = append(problems, fmt.Errorf("not comparable, %s differ:\n  %s: %s\n  %s: %s", what, first.Run, is, other.Run, was))
	}
	if a.Sets[0].Digest != b.Sets[0].Digest {
		differ("the test "+a.Noun(), setText(a), setText(b))
	}
	for _, purpose := range []string{"training", "validation"} {
		if is, was := partsText(a, purpose), partsText(b, purpose); is != was {
			differ("the "+a.Noun()+" for "+purpose, is, was)
		}
	}
	return problems
}

func setText(e *Evaluation) string {
	s := e.Sets[0]
	return fmt.Sprintf("%d of %s, classes %s, digest %.12s", s.Images, s.Name, strings.Join(s.Classes, " "), s.Digest)
}

func partsText(e *Evaluation, purpose string) string {
	var parts []string
	for _, p := range e.Parts {
		if p.Purpose == purpose {
			parts = append(parts, fmt.Sprintf("%d of %s (%s), digest %.12s", p.Images, p.Name, p.Split, p.Digest))
		}
	}
	slices.Sort(parts)
	return strings.Join(slices.Compact(parts), "; ")
}

// merge gives the arms of several runs names of their own.
type merge struct {
	names  map[[2]any]string // by number of the run and name there
	merged []Arm
}

func (m *merge) arms(evaluations []*Evaluation) {
	kept := map[string][]Run{} // runs of the arms that are there already, by new name
	for i, e := range evaluations {
		for _, arm := range e.Arms {
			runs := runsOf(e, arm.Name)
			name := arm.Name
			for _, other := range slices.Sorted(maps.Keys(kept)) {
				before := kept[other]
				if original, _, _ := strings.Cut(other, "@"); original == arm.Name && agree(before, runs) {
					name = other
				}
			}
			if before, taken := kept[name]; taken && !agree(before, runs) {
				name = fmt.Sprintf("%s@%d", arm.Name, i+1)
			}
			m.names[[2]any{i, arm.Name}] = name
			if _, there := kept[name]; !there {
				arm.Name = name
				m.merged = append(m.merged, arm)
			}
			kept[name] = append(kept[name], runs...)
		}
	}
}

func runsOf(e *Evaluation, arm string) []Run {
	var runs []Run
	for _, r := range e.Sets[0].Runs {
		if r.Arm == arm {
			runs = append(runs, r)
		}
	}
	return runs
}

// agree tells whether the runs that two lists share, by labels and seed, are the
// same, and that there are some.
func agree(a, b []Run) bool {
	shared := 0
	for _, x := range a {
		for _, y := range b {
			if x.Labels != y.Labels || x.Seed != y.Seed {
				continue
			}
			if x.Right != y.Right || !maps.Equal(x.Values, y.Values) {
				return false
			}
			shared++
		}
	}
	return shared > 0
}

// set compares all arms on the test set number at, which the first run calls set.
func (m *merge) set(reports []*Report, evaluations []*Evaluation, at int, set TestSet, baseline string) TestSet {
	out := TestSet{Name: set.Name, Digest: set.Digest, Kind: set.Kind, Images: set.Images, Classes: set.Classes}
	options := metrics.Options{Baseline: baseline, TestImages: set.Images, Noun: set.Noun()}
	var records []metrics.Record
	type key struct {
		arm          string
		labels, seed int
	}
	have := map[key]bool{}
	for i, e := range evaluations {
		options.Protocol = append(options.Protocol, fmt.Sprintf("run %d: %s, %s", i+1, reports[i].Run, reports[i].Environment.Runtime))
		if at >= len(e.Sets) || e.Sets[at].Digest != set.Digest {
			continue
		}
		out.Language = m.languageOf(i, &e.Sets[at], out.Language)
		for _, r := range e.Sets[at].Runs {
			r.Arm = m.names[[2]any{i, r.Arm}]
			k := key{r.Arm, r.Labels, r.Seed}
			if have[k] {
				continue
			}
			have[k] = true
			out.Runs = append(out.Runs, r)
			records = append(records, r.Record())
		}
	}
	for _, arm := range m.merged {
		options.Arms = append(options.Arms, arm.Name)
		options.Protocol = append(options.Protocol, arm.Name+": "+arm.Text)
	}
	for _, metric := range metrics.Metrics {
		options.Metric = metric.Name
		out.Comparisons = append(out.Comparisons, metrics.Compare(records, options))
	}
	options.Metric = metrics.Accuracy
	out.Efficiency = metrics.LabelEfficiency(records, options)
	return out
}

// Record is the run as metrics take it.
func (r Run) Record() metrics.Record {
	right := make([]bool, len(r.Right))
	for i := range right {
		right[i] = r.Right[i] == '1'
	}
	return metrics.Record{Arm: r.Arm, Labels: r.Labels, Seed: r.Seed, Group: r.Group, Values: r.Values, Right: right}
}
