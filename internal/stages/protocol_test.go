package stages

import (
	"encoding/json"
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
	run := func(arm, seed, steps int, accuracy float64, m artifact.ClassifierMeta) ScoredRun {
		m.LabelsPerClass, m.TrainSteps, m.ValidationImages = 5, steps, 500
		return ScoredRun{Arm: arm, Seed: seed, Classifier: m, Values: map[string]float64{metrics.Accuracy: accuracy}}
	}
	scratch := artifact.ClassifierMeta{EncoderMeta: network, Mode: modeFull, Layer: layerPooled}
	cut := scratch
	cut.CutShort = true
	network.Pretext, network.Steps, network.Images = "rotation", 180, 11520
	return Scores{
		Data:       artifact.DatasetMeta{Name: "made-up", Shape: [3]int{28, 28, 1}, Classes: []string{"a", "b"}},
		TestImages: 100,
		Runs: []ScoredRun{
			run(0, 0, 300, 0.5, scratch), run(0, 1, 400, 0.6, scratch), run(0, 2, 800, 0.7, cut),
			run(1, 0, 0, 0.6, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_4", Init: "x"}),
			run(1, 1, 0, 0.8, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_4", Init: "x"}),
			run(1, 2, 0, 0.8, artifact.ClassifierMeta{EncoderMeta: network, Mode: modeLinear, Layer: "block_9", Init: "y"}),
		},
	}
}

func TestProtocol(t *testing.T) {
	got := protocol(scoresForTest(t), []string{"scratch", "probe"})
	want := []string{
		"data: made-up, 28x28x1 pixels, 2 classes; 100 test images, read only here",
		"network: mobilenet_v2 (alpha 0.35)",
		"scratch: whole network, trained until validation accuracy stopped rising (5 labels: median 400 steps, 300 to 800, 1 of 3 cut short by max_steps); random initial weights",
		"probe: logistic regression on frozen features of block_4 (2 of 3), block_9 (1 of 3); initial weights from rotation (180 steps, 11520 images seen)",
		"seeds: each has its own label draw, initial weights, order of examples and augmentation; probe covers 2 pre-trainings",
		"selection: when to stop, which weights, layer and penalty are chosen by accuracy on 500 validation images, which no arm trains on",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("protocol (-want +got):\n%s", diff)
	}
}

// Runs that share a pre-training are one cluster: the comparison must not count
// them twice, and arms carry the names of the pipeline at hand.
func TestComparisonKnowsSharedPretraining(t *testing.T) {
	c := EvaluateConfig{
		Baseline: schema.Ref{Kind: "finetune", Name: "plain", Output: "classifier"},
		Compare:  []schema.Ref{{Kind: "finetune", Name: "probe", Output: "classifier"}},
	}
	cell := c.Comparison(scoresForTest(t), metrics.Accuracy, nil).Rows[0].Cells[1]
	if cell.Arm != "probe" || cell.N != 3 || cell.Groups != 2 || cell.Difference.Clusters != 2 {
		t.Errorf("arm %q: %d runs in %d groups, difference over %d clusters; want probe, 3, 2 and 2",
			cell.Arm, cell.N, cell.Groups, cell.Difference.Clusters)
	}
}
