package stages

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
	"sslpipe/internal/schema"
)

// comparing is an evaluate stage of these arms, the baseline first.
func comparing(arms ...string) *EvaluateConfig {
	c := evaluateConfig()
	refs := make([]schema.Ref, len(arms))
	for i, name := range arms {
		refs[i] = schema.Ref{Stage: "finetune." + name, Output: "classifier"}
	}
	c.Baseline, c.Compare = refs[0], refs[1:]
	return c
}

// twoArms are scores of a whole network with 2 and 4 labels per class and of a
// pre-trained one with 4, on 5 images of two classes.
func twoArms() Scores {
	whole := artifact.ClassifierMeta{Mode: modeFull, Layer: layerPooled, TrainRead: 100, TrainFLOPs: 1000, ValidationImages: 6}
	trained := whole
	trained.Pretext, trained.Steps, trained.Images, trained.FLOPs, trained.Init = "rotation", 7, 50, 5000, "x"
	s := Scores{
		Parts: []report.Part{{Purpose: "training", Name: "made-up"}},
		Leaks: []report.Leak{{Part: "training (train of made-up)", Set: "made-up", Of: 9}},
		Sets: []ScoredSet{{
			Data: artifact.DatasetMeta{Name: "made-up", Classes: []string{"a", "b"}, Shape: [3]int{8, 8, 1}}, Digest: "d", TestImages: 5,
			Embeddings: []ArmEmbedding{{Arm: 1, Embedding: report.Embedding{Points: []report.Point{{Picture: 3}}}}},
			Pictures:   &report.Pictures{File: "pictures-0.png"},
		}},
	}
	add := func(arm, seed, labels, read int, m artifact.ClassifierMeta, right string, c metrics.Confusion, mistakes ...report.Mistake) {
		m.LabelsPerClass = labels
		m.TrainRead, m.TrainFLOPs, m.TrainSteps = read, int64(10*read), read
		s.Runs = append(s.Runs, ScoredRun{Arm: arm, Seed: seed, Classifier: m})
		s.Sets[0].Scores = append(s.Sets[0].Scores, RunScore{
			Values:    map[string]float64{metrics.Accuracy: float64(strings.Count(right, "1")) / 5},
			Confusion: c, Recall: c.Recall(), Right: right, Mistakes: mistakes,
			Bins: []metrics.Bin{{Lo: 0, Hi: 1, Count: 5, Confidence: float64(seed), Accuracy: 0.5}},
		})
	}
	add(0, 0, 2, 10, whole, "11000", metrics.Confusion{{2, 1}, {2, 0}})
	add(0, 0, 4, 20, whole, "11100", metrics.Confusion{{3, 0}, {2, 0}}, report.Mistake{Picture: 3, Truth: 1, Probability: 0.75})
	add(0, 1, 4, 40, whole, "10111", metrics.Confusion{{2, 1}, {0, 2}})
	trained.Curve, trained.BestStep = [][2]float64{{2, 0.5}, {4, 0.75}}, 4
	add(1, 0, 4, 60, trained, "11111", metrics.Confusion{{3, 0}, {0, 2}})
	return s
}

// Costs are means over the classifiers with the most labels: 20 and 40 images
// read for the baseline.
func TestCostsOfArms(t *testing.T) {
	e := comparing("plain", "ssl").Evaluation("report", twoArms(), map[string]Seconds{"finetune.plain": {Training: 1.5}, "finetune.ssl": {Pretraining: 20, Training: 2.5}})
	want := []report.Arm{
		{Name: "plain", Cost: report.Cost{Images: 30, FLOPs: 300, Seconds: 1.5}},
		{Name: "ssl", Cost: report.Cost{PretrainImages: 50, PretrainFLOPs: 5000, PretrainSeconds: 20, Images: 60, FLOPs: 600, Seconds: 2.5}},
	}
	want[0].Text = "whole network, trained until validation accuracy stopped rising (2 labels per class: median 10 steps, 10 to 10; 4 labels per class: median 40 steps, 20 to 40); random initial weights"
	want[1].Text = "whole network, trained until validation accuracy stopped rising (4 labels per class: median 60 steps, 60 to 60); initial weights from rotation (7 steps, 50 images seen)"
	if diff := cmp.Diff(want, e.Arms); diff != "" {
		t.Errorf("arms (-want +got):\n%s", diff)
	}
}

func TestDetailsOfArms(t *testing.T) {
	e := comparing("plain", "ssl").Evaluation("report", twoArms(), nil)
	bins := func(count int, confidence float64) []metrics.Bin {
		return []metrics.Bin{{Lo: 0, Hi: 1, Count: count, Confidence: confidence, Accuracy: 0.5}}
	}
	want := []report.Detail{
		{Arm: "plain", Labels: 2, Confusion: [][]int{{2, 1}, {2, 0}}, Bins: bins(5, 0),
			Recall: []metrics.Summary{{N: 1, Mean: 2.0 / 3}, {N: 1, Mean: 0}}},
		// Recalls 1 and 2/3 of class a, 0 and 1 of class b; their standard
		// deviations are the difference over the root of 2.
		{Arm: "plain", Labels: 4, Confusion: [][]int{{5, 1}, {2, 2}}, Bins: bins(10, 0.5),
			Recall:   []metrics.Summary{{N: 2, Mean: 5.0 / 6, SD: 0.23570226}, {N: 2, Mean: 0.5, SD: 0.70710678}},
			Mistakes: []report.Mistake{{Picture: 3, Truth: 1, Probability: 0.75}}},
		{Arm: "ssl", Labels: 4, Confusion: [][]int{{3, 0}, {0, 2}}, Bins: bins(5, 0),
			Recall: []metrics.Summary{{N: 1, Mean: 1}, {N: 1, Mean: 1}}},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a-b < 1e-8 && b-a < 1e-8 })
	if diff := cmp.Diff(want, e.Sets[0].Details, near); diff != "" {
		t.Errorf("details (-want +got):\n%s", diff)
	}
}

// Everything else goes over as it is, under the names of the arms in the pipeline.
func TestEvaluationAsADocument(t *testing.T) {
	s := twoArms()
	e := comparing("a", "b").Evaluation("report", s, nil)
	set := e.Sets[0]
	if e.Name != "report" || e.Baseline != "a" || set.Name != "made-up" || set.Digest != "d" || set.Images != 5 || !slices.Equal(set.Classes, []string{"a", "b"}) {
		t.Errorf("evaluation %s against %s, set %+v", e.Name, e.Baseline, set)
	}
	if diff := cmp.Diff([]report.Training{{Arm: "b", Labels: 4, Seed: 0, Best: 4, Curve: [][2]float64{{2, 0.5}, {4, 0.75}}}}, e.Trainings); diff != "" {
		t.Errorf("trainings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]report.Embedding{{Arm: "b", Points: []report.Point{{Picture: 3}}}}, set.Embeddings); diff != "" {
		t.Errorf("embeddings (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(report.Run{Arm: "b", Labels: 4, Group: "x", Values: map[string]float64{"accuracy": 1}, Right: "11111"}, set.Runs[3]); diff != "" {
		t.Errorf("last run (-want +got):\n%s", diff)
	}
	if len(e.Parts) != 1 || len(e.Leaks) != 1 || set.Pictures.File != "pictures-0.png" || len(set.Runs) != 4 {
		t.Errorf("parts %v, leaks %v, pictures %v, %d runs", e.Parts, e.Leaks, set.Pictures, len(set.Runs))
	}
	var names []string
	for _, c := range set.Comparisons {
		names = append(names, c.Metric)
	}
	want := []string{"accuracy", "balanced_accuracy", "macro_f1", "roc_auc", "average_precision", "log_loss", "brier", "ece"}
	if !slices.Equal(names, want) {
		t.Errorf("comparisons of %q, want %q", names, want)
	}
	if s.Sets[0].Embeddings[0].Embedding.Arm != "" || s.Sets[0].Scores[0].Confusion[0][0] != 2 || s.Sets[0].Scores[1].Confusion[0][0] != 3 {
		t.Error("the scores were changed")
	}
}

// A second set has its own numbers and its own line of protocol.
func TestFurtherSetsInADocument(t *testing.T) {
	s := twoArms()
	more := s.Sets[0]
	more.Data.Name, more.TestImages = "more", 5
	more.Scores = slices.Clone(more.Scores)
	more.Scores[3].Values = map[string]float64{metrics.Accuracy: 0.2}
	s.Sets = append(s.Sets, more)
	e := comparing("a", "b").Evaluation("report", s, nil)
	for i, want := range []struct {
		name     string
		accuracy float64
	}{{"made-up", 1}, {"more", 0.2}} {
		c := e.Sets[i].Comparisons[0]
		if got := c.Rows[1].Cells[1].Mean; e.Sets[i].Name != want.name || got != want.accuracy || !strings.HasPrefix(c.Protocol[0], "data: "+want.name+", ") {
			t.Errorf("set %d is %s, accuracy of b %v, protocol %q", i, e.Sets[i].Name, got, c.Protocol[0])
		}
	}
}

// Seconds differ from machine to machine: the table has them only if asked to.
func TestSecondsOnlyWhenAskedFor(t *testing.T) {
	c := comparing("plain", "ssl")
	seconds := map[string]Seconds{"finetune.plain": {Training: 1.5}, "finetune.ssl": {Pretraining: 20, Training: 2.5}}
	if e := c.Evaluation("report", twoArms(), seconds); e.Sets[0].Comparisons[0].Seconds != nil {
		t.Errorf("seconds %v", e.Sets[0].Comparisons[0].Seconds)
	}
	c.Seconds = true
	got := c.Evaluation("report", twoArms(), seconds).Sets[0].Comparisons[0].Seconds
	if diff := cmp.Diff(map[string]float64{"ssl": 20}, got); diff != "" {
		t.Errorf("seconds of pre-training (-want +got):\n%s", diff)
	}
}

// Two test sets of one data set are told apart by the stages that they come from.
func TestTestSetsOfOneName(t *testing.T) {
	c := EvaluateConfig{
		Data:  schema.Ref{Stage: "download.first", Output: splitTest},
		Extra: []schema.Ref{{Stage: "download.second", Output: splitTest}, {Stage: "download.third", Output: splitTest}},
	}
	set := func(name string) ScoredSet { return ScoredSet{Data: artifact.DatasetMeta{Name: name}} }
	s := Scores{
		Sets:  []ScoredSet{set("digits"), set("letters"), set("digits")},
		Leaks: []report.Leak{{Part: "a", Set: "digits"}, {Part: "a", Set: "letters"}, {Part: "a", Set: "digits"}, {Part: "b", Set: "digits"}},
	}
	want := []string{"digits (first)", "letters", "digits (third)"}
	if got := c.setNames(s); !slices.Equal(got, want) {
		t.Errorf("sets %q, want %q", got, want)
	}
	var sets []string
	for _, l := range c.Evaluation("report", s, nil).Leaks {
		sets = append(sets, l.Set)
	}
	if want := append(want, want[0]); !slices.Equal(sets, want) {
		t.Errorf("leaks into %q, want %q", sets, want)
	}
	if s.Leaks[0].Set != "digits" {
		t.Error("the scores were changed")
	}
}

// Arms of one module go by their own names, arms of several by those of their
// modules too.
func TestNamesOfArms(t *testing.T) {
	ref := func(stage string) schema.Ref { return schema.Ref{Stage: stage, Output: "classifier"} }
	for _, c := range []struct {
		arms []string
		want string
	}{
		{[]string{"finetune.scratch", "finetune.ssl[simclr,0.5]"}, "scratch ssl[simclr,0.5]"},
		{[]string{"module.few.finetune.scratch", "module.few.finetune.ssl[0.5]"}, "scratch ssl[0.5]"},
		{[]string{"finetune.scratch", "module.few.finetune.ssl"}, "scratch few.ssl"},
		{[]string{"module.a.module.b.finetune.x", "module.a.finetune.x"}, "a.b.x a.x"},
	} {
		e := EvaluateConfig{Baseline: ref(c.arms[0]), Compare: []schema.Ref{ref(c.arms[1])}}
		if got := strings.Join(e.Arms(), " "); got != c.want {
			t.Errorf("%v: got %s, want %s", c.arms, got, c.want)
		}
	}
}
