package stages

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
)

// with returns a copy of a classifier's description with something changed.
func with(m artifact.ClassifierMeta, change func(m *artifact.ClassifierMeta)) artifact.ClassifierMeta {
	change(&m)
	return m
}

func TestArmTexts(t *testing.T) {
	full := artifact.ClassifierMeta{Mode: modeFull, LabelsPerClass: 5, TrainSteps: 30, Layer: layerPooled, EncoderMeta: artifact.EncoderMeta{Backbone: "mobilenet_v2"}}
	knn := artifact.ClassifierMeta{Mode: modeKNN, LabelsPerClass: 5, Neighbours: 5, Temperature: 0.1, Layer: layerPooled}
	linear := artifact.ClassifierMeta{Mode: modeLinear, LabelsPerClass: 5, Layer: layerPooled}
	encoder := func(m *artifact.ClassifierMeta) { m.Init, m.Pretext, m.Steps, m.Images = "x", "simclr", 40, 640 }
	rates := func(rate float64) func(m *artifact.ClassifierMeta) {
		return func(m *artifact.ClassifierMeta) { m.Rates, m.Rate = []float64{0.001, 0.01, 0.1}, rate }
	}
	const whole = "whole network, trained until validation accuracy stopped rising (5 labels per class: median 30 steps, 30 to 30)"
	for want, runs := range map[string][]artifact.ClassifierMeta{
		"logistic regression on raw pixels":                                                                                   {with(linear, func(m *artifact.ClassifierMeta) { m.Mode, m.Layer = modePixels, layerPixels })},
		"logistic regression on frozen features of pooled; random initial weights":                                            {linear},
		"5 nearest neighbours by cosine, weighted with temperature 0.1, on frozen features of pooled; random initial weights": {knn, knn},
		// As many as the smallest class allows, which is another number for each budget.
		"1 to 5 nearest neighbours by cosine, weighted with temperature 0.1, on frozen features of pooled (2 of 3), block_4 (1 of 3); initial weights from simclr (40 steps, 640 images seen)": {
			with(with(knn, encoder), func(m *artifact.ClassifierMeta) { m.Neighbours, m.Layer = 3, "block_4" }),
			with(with(knn, encoder), func(m *artifact.ClassifierMeta) { m.Neighbours = 1 }), with(knn, encoder)},
		"logistic regression on frozen features of pooled; initial weights from supervised (40 steps, 640 images seen with their labels)": {
			with(with(linear, encoder), func(m *artifact.ClassifierMeta) { m.Pretext, m.Labelled = "supervised", true })},
		whole + "; random initial weights":                                  {full},
		whole + "; initial weights from simclr (40 steps, 640 images seen)": {with(full, encoder)},
		whole + "; initial weights from simclr (40 steps: 30 at 32 px, 10 at 64 px, 640 images seen)": {
			with(with(full, encoder), func(m *artifact.ClassifierMeta) {
				m.Phases = []artifact.SizePhase{{Side: 32, Steps: 30}, {Side: 64, Steps: 10}}
			})},
		whole + ", with 12 steps added, which are worth a pre-training in operations; random initial weights": {
			with(full, func(m *artifact.ClassifierMeta) { m.ExtraSteps = 12 })},
		whole + "; learning rate 0.001 (1 of 4), 0.01 (3 of 4), 0.1 (0 of 4); random initial weights": {
			with(full, rates(0.01)), with(full, rates(0.001)), with(full, rates(0.01)), with(full, rates(0.01))},
		whole + "; initial weights from the given model keras":                             {with(full, func(m *artifact.ClassifierMeta) { m.Given = "keras" })},
		"logistic regression on frozen features of pooled; the given model keras as it is": {with(linear, func(m *artifact.ClassifierMeta) { m.Given = "keras" })},
	} {
		if diff := cmp.Diff(want, armText(runs)); diff != "" {
			t.Errorf("arm (-want +got):\n%s", diff)
		}
	}
}

// What labels per class stand for, and what was chosen on validation data, follow
// from what the arms are.
func TestProtocolOfSharesAndRates(t *testing.T) {
	full := artifact.ClassifierMeta{Mode: modeFull, ValidationImages: 24, TrainSteps: 9}
	share := func(permille, labels int) ScoredRun {
		return ScoredRun{Classifier: with(full, func(m *artifact.ClassifierMeta) { m.LabelsPermille, m.LabelsPerClass = permille, labels })}
	}
	runs := []ScoredRun{share(10, 1), share(10, 1), share(125, 12), share(1000, 100)}
	runs[2].Classifier.Rates = []float64{0.1, 0.2}
	set := ScoredSet{Data: artifact.DatasetMeta{Name: "made-up", Shape: [3]int{8, 8, 1}, Classes: []string{"a", "b"}}, TestImages: 4}
	got := protocol(runs, set, []string{"plain", "absent"})
	want := []string{
		"data: made-up, 8x8x1 pixels, 2 classes; 4 test images, read only here",
		"plain: " + armText(runsOf(runs, 0)),
		"label budgets: 1 % of each class's images are 1 label per class, 12.5 % of each class's images are 12 labels per class, 100 % of each class's images are 100 labels per class",
		"seeds: each has its own label draw, initial weights, order of examples and augmentation",
		"selection: when to stop, which weights, layer, penalty and learning rate are chosen by accuracy on 24 validation images, which no arm trains on",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}
