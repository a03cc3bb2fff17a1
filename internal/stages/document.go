package stages

import (
	"fmt"
	"slices"
	"sync"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
	"sslpipe/internal/schema"
)

// arms are the references to the arms, the baseline first.
func (c *EvaluateConfig) arms() []schema.Ref {
	return append([]schema.Ref{c.Baseline}, c.Compare...)
}

// Arms names the arms, the baseline first. A module that all of them are in is left
// out of their names.
func (c *EvaluateConfig) Arms() []string {
	var short, long []string
	shared := true
	first, _, _ := schema.SplitAddress(c.Baseline.Stage)
	for _, ref := range c.arms() {
		modules, _, name := schema.SplitAddress(ref.Stage)
		short, long = append(short, name), append(long, ref.Name())
		shared = shared && slices.Equal(modules, first)
	}
	if shared {
		return short
	}
	return long
}

// Seconds is what the units of one arm took, each in the mean.
type Seconds struct{ Pretraining, Training float64 }

// Evaluation is what a report says of an evaluate stage, from the scores that it
// stored, under the names that the arms have in the pipeline. Seconds are by the
// addresses of the arms' stages.
func (c *EvaluateConfig) Evaluation(name string, s Scores, byStage map[string]Seconds) report.Evaluation {
	d := document{config: c, scores: s, names: c.Arms()}
	seconds := map[string]Seconds{}
	for i, ref := range c.arms() {
		if took, ok := byStage[ref.Stage]; ok {
			seconds[d.names[i]] = took
		}
	}
	e := report.Evaluation{Name: name, Baseline: d.names[0], Parts: s.Parts, Leaks: slices.Clone(s.Leaks), Arms: d.arms(seconds), Trainings: d.trainings()}
	var pretraining map[string]float64
	if c.Seconds {
		pretraining = map[string]float64{}
		for arm, took := range seconds {
			if took.Pretraining > 0 {
				pretraining[arm] = took.Pretraining
			}
		}
	}
	names := c.setNames(s)
	for i, set := range s.Sets {
		set.Data.Name = names[i]
		e.Sets = append(e.Sets, d.set(set, pretraining))
	}
	// Each part of the data was compared with every set, in their order.
	for i := range e.Leaks {
		e.Leaks[i].Set = names[i%len(names)]
	}
	return e
}

// setNames are the names of the test sets' data, with that of the stage that they
// come from where several have one name.
func (c *EvaluateConfig) setNames(s Scores) []string {
	stages := []schema.Ref{c.Data}
	stages = append(stages, c.Extra...)
	names := make([]string, len(s.Sets))
	for i, set := range s.Sets {
		names[i] = set.Data.Name
		for j, other := range s.Sets {
			if j != i && other.Data.Name == set.Data.Name {
				names[i] = fmt.Sprintf("%s (%s)", set.Data.Name, stages[i].Name())
			}
		}
	}
	return names
}

// document turns scores into what a report shows.
type document struct {
	config *EvaluateConfig
	scores Scores
	names  []string
}

func (d document) set(set ScoredSet, pretraining map[string]float64) report.TestSet {
	out := report.TestSet{
		Name: set.Data.Name, Digest: set.Digest, Images: set.TestImages, Classes: set.Data.Classes, Pictures: set.Pictures,
		Texts: set.Texts, Language: d.language(set),
	}
	if set.Data.Text != nil {
		out.Kind = set.noun()
	}
	var records []metrics.Record
	for i, r := range d.scores.Runs {
		run := report.Run{
			Arm: d.names[r.Arm], Labels: r.Classifier.LabelsPerClass, Seed: r.Seed, Group: r.Classifier.Init,
			Values: set.Scores[i].Values, Right: set.Scores[i].Right,
		}
		out.Runs = append(out.Runs, run)
		records = append(records, run.Record())
	}
	options := metrics.Options{
		Baseline: d.names[0], Arms: d.names, TestImages: set.TestImages, Noun: set.noun(),
		Protocol: protocol(d.scores.Runs, set, d.names), Seconds: pretraining,
	}
	out.Comparisons = comparisons(records, options)
	options.Metric = metrics.Accuracy
	out.Efficiency = metrics.LabelEfficiency(records, options)
	out.Details = d.details(set)
	for _, e := range set.Embeddings {
		e.Embedding.Arm = d.names[e.Arm]
		out.Embeddings = append(out.Embeddings, e.Embedding)
	}
	return out
}

// comparisons compares by every metric. They are made at once: resampling is a
// good part of what a run takes that finds everything stored.
func comparisons(records []metrics.Record, options metrics.Options) []*metrics.Comparison {
	all := make([]*metrics.Comparison, len(metrics.Metrics))
	var group sync.WaitGroup
	for i, m := range metrics.Metrics {
		own := options
		own.Metric = m.Name
		group.Go(func() { all[i] = metrics.Compare(records, own) })
	}
	group.Wait()
	return all
}

// details joins the runs of each arm and label budget, in the order of the runs.
func (d document) details(set ScoredSet) []report.Detail {
	var details []report.Detail
	recalls := [][][]float64{}
	for i, r := range d.scores.Runs {
		score := set.Scores[i]
		at := slices.IndexFunc(details, func(x report.Detail) bool {
			return x.Arm == d.names[r.Arm] && x.Labels == r.Classifier.LabelsPerClass
		})
		if at < 0 {
			at = len(details)
			details = append(details, report.Detail{Arm: d.names[r.Arm], Labels: r.Classifier.LabelsPerClass})
			recalls = append(recalls, make([][]float64, len(set.Data.Classes)))
		}
		detail := &details[at]
		detail.Confusion = metrics.Confusion(detail.Confusion).Add(score.Confusion)
		for k, recall := range score.Recall {
			recalls[at][k] = append(recalls[at][k], recall)
		}
		detail.Bins = metrics.MergeBins(detail.Bins, score.Bins)
		detail.Mistakes = append(detail.Mistakes, score.Mistakes...)
	}
	for i := range details {
		for _, values := range recalls[i] {
			details[i].Recall = append(details[i].Recall, metrics.Summarize(values))
		}
	}
	return details
}

// arms describes the arms with what they cost at the largest label budget.
func (d document) arms(seconds map[string]Seconds) []report.Arm {
	arms := make([]report.Arm, len(d.names))
	for i, name := range d.names {
		runs := runsOf(d.scores.Runs, i)
		arms[i] = report.Arm{Name: name, Cost: costOf(runs)}
		if len(runs) > 0 {
			arms[i].Text = armText(runs)
		}
		arms[i].Cost.PretrainSeconds, arms[i].Cost.Seconds = seconds[name].Pretraining, seconds[name].Training
	}
	return arms
}

// runsOf are the classifiers of an arm.
func runsOf(all []ScoredRun, arm int) []artifact.ClassifierMeta {
	var runs []artifact.ClassifierMeta
	for _, r := range all {
		if r.Arm == arm {
			runs = append(runs, r.Classifier)
		}
	}
	return runs
}

// costOf is the mean over the classifiers with the most labels.
func costOf(runs []artifact.ClassifierMeta) report.Cost {
	most := 0
	for _, m := range runs {
		most = max(most, m.LabelsPerClass)
	}
	var cost report.Cost
	n := 0.0
	for _, m := range runs {
		if m.LabelsPerClass == most {
			n++
			cost.PretrainImages += float64(m.Images)
			cost.PretrainFLOPs += float64(m.FLOPs)
			cost.Images += float64(m.TrainRead)
			cost.FLOPs += float64(m.TrainFLOPs)
		}
	}
	if n > 0 {
		cost.PretrainImages /= n
		cost.PretrainFLOPs /= n
		cost.Images /= n
		cost.FLOPs /= n
	}
	return cost
}

// trainings are the validation curves of the whole networks.
func (d document) trainings() []report.Training {
	var all []report.Training
	for _, r := range d.scores.Runs {
		if c := r.Classifier; len(c.Curve) > 0 {
			all = append(all, report.Training{Arm: d.names[r.Arm], Labels: c.LabelsPerClass, Seed: r.Seed, Best: c.BestStep, Curve: c.Curve})
		}
	}
	return all
}
