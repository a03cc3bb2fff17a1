package stages

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/metrics"
	"sslpipe/internal/schema"
)

func scoresForTest(t *testing.T) Scores {
	t.Helper()
	config, err := json.Marshal(&backbone.MobileNetV2{Alpha: 0.35, Strides: "small", BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3})
	if err != nil {
		t.Fatal(err)
	}
	network := artifact.EncoderMeta{Backbone: "mobilenet_v2", BackboneConfig: config}
	var scores Scores
	set := ScoredSet{
		Data: artifact.DatasetMeta{Name: "made-up", Shape: [3]int{28, 28, 1}, Classes: []string{"a", "b"}}, Digest: "d", TestImages: 10,
	}
	run := func(arm, seed, steps, right int, m artifact.ClassifierMeta) {
		m.LabelsPerClass, m.TrainSteps, m.ValidationImages = 5, steps, 500
		scores.Runs = append(scores.Runs, ScoredRun{Arm: arm, Seed: seed, Classifier: m})
		set.Scores = append(set.Scores, RunScore{
			Values: map[string]float64{metrics.Accuracy: float64(right) / 10},
			Right:  strings.Repeat("1", right) + strings.Repeat("0", 10-right),
			Recall: []float64{float64(right) / 10, 1}, Confusion: metrics.Confusion{{right, 10 - right}, {0, 0}},
		})
	}
	scratch := artifact.ClassifierMeta{EncoderMeta: network, Mode: modeFull, Layer: layerPooled}
	cut := scratch
	cut.CutShort = true
	network.Pretext, network.Steps, network.Images = "rotation", 180, 11520
	run(0, 0, 300, 5, scratch)
	run(0, 1, 400, 6, scratch)
	run(0, 2, 800, 7, cut)
	run(1, 0, 0, 6, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_4", Init: "x"})
	run(1, 1, 0, 8, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_4", Init: "x"})
	run(1, 2, 0, 8, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_9", Init: "y"})
	scores.Sets = []ScoredSet{set}
	return scores
}

func TestProtocol(t *testing.T) {
	s := scoresForTest(t)
	got := protocol(s.Runs, s.Sets[0], []string{"scratch", "probe"})
	want := []string{
		"data: made-up, 28x28x1 pixels, 2 classes; 10 test images, read only here",
		"network: mobilenet_v2 (alpha 0.35)",
		"scratch: whole network, trained until validation accuracy stopped rising (5 labels per class: median 400 steps, 300 to 800, 1 of 3 cut short by max_steps); random initial weights",
		"probe: logistic regression on frozen features of block_4 (2 of 3), block_9 (1 of 3); initial weights from rotation (180 steps, 11520 images seen)",
		"seeds: each has its own label draw, initial weights, order of examples and augmentation; probe covers 2 pre-trainings",
		"selection: when to stop, which weights, layer and penalty are chosen by accuracy on 500 validation images, which no arm trains on",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}

func TestProtocolTellsPrecision(t *testing.T) {
	s := scoresForTest(t)
	for i := range s.Runs {
		m := &s.Runs[i].Classifier
		m.TrainMixed, m.Mixed = m.Mode == modeFull, m.Init != ""
	}
	got := strings.Join(protocol(s.Runs, s.Sets[0], []string{"scratch", "probe"})[2:4], "\n")
	want := `scratch: whole network, trained in mixed precision until validation accuracy stopped rising (5 labels per class: median 400 steps, 300 to 800, 1 of 3 cut short by max_steps); random initial weights
probe: logistic regression on frozen features of block_4 (2 of 3), block_9 (1 of 3); initial weights from rotation (180 steps in mixed precision, 11520 images seen)`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}

// Runs that share a pre-training are one cluster: the comparison must not count
// them twice, and arms carry the names of the pipeline at hand.
func TestComparisonKnowsSharedPretraining(t *testing.T) {
	c := EvaluateConfig{
		Baseline: schema.Ref{Stage: "finetune.plain", Output: "classifier"},
		Compare:  []schema.Ref{{Stage: "finetune.probe", Output: "classifier"}},
	}
	cell := c.Evaluation("report", scoresForTest(t), nil).Sets[0].Comparisons[0].Rows[0].Cells[1]
	if cell.Arm != "probe" || cell.N != 3 || cell.Groups != 2 || cell.Difference.Clusters != 2 {
		t.Errorf("arm %q: %d runs in %d groups, difference over %d clusters; want probe, 3, 2 and 2",
			cell.Arm, cell.N, cell.Groups, cell.Difference.Clusters)
	}
}
