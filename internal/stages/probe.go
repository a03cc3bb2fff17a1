package stages

import (
	"errors"
	"fmt"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
)

// probed is one layer with the model that was fitted to it.
type probed struct {
	layer      string
	head       head
	validation float64 // accuracy
	l2         float64 // of a linear model
	neighbours int     // of a kNN model
}

// fitProbe fits a model to the frozen features of each layer (or to raw pixels)
// and keeps the layer that is best on validation images.
func fitProbe(env *plan.Env, c *FinetuneConfig, data *labelled, s source) (artifact.ClassifierMeta, error) {
	layers := c.Layers
	if c.Mode == modePixels {
		layers = []string{layerPixels}
	}
	e, err := newExtractor(env, c, data, s, layers)
	if err != nil {
		return artifact.ClassifierMeta{}, err
	}
	best, err := e.choose(env, c, data)
	var weights map[string]*tf.Tensor
	if err == nil {
		weights, err = e.weights()
	}
	if err := errors.Join(err, e.close()); err != nil {
		return artifact.ClassifierMeta{}, err
	}
	if err := exportProbe(env, c, s, best, weights); err != nil {
		return artifact.ClassifierMeta{}, fmt.Errorf("export classifier: %w", err)
	}
	meta := artifact.ClassifierMeta{
		Layer: best.layer, L2: best.l2, Neighbours: best.neighbours, Validation: best.validation,
		TrainRead: len(data.train), TrainFLOPs: e.flops * int64(len(data.train)),
	}
	if c.Mode == modeKNN {
		meta.Temperature = c.Temperature
	}
	return meta, nil
}

// choose fits one model to each layer and returns the best on validation data.
// On a tie the earlier layer of the list stays.
func (e *extractor) choose(env *plan.Env, c *FinetuneConfig, data *labelled) (probed, error) {
	training, err := e.features(data, data.train)
	if err != nil {
		return probed{}, fmt.Errorf("compute features of labelled images: %w", err)
	}
	validation, err := e.features(data, data.validation)
	if err != nil {
		return probed{}, fmt.Errorf("compute features of validation images: %w", err)
	}
	var best probed
	for i, layer := range e.layers {
		fitted, err := fit(c, data, training[i], validation[i])
		if err != nil {
			return probed{}, fmt.Errorf("probe layer %s: %w", layer, err)
		}
		fitted.layer = layer
		env.Report(plan.Progress{Step: i + 1, Total: len(e.layers), Values: map[string]float64{"validation": fitted.validation}, Note: layer})
		if i == 0 || fitted.validation > best.validation {
			best = fitted
		}
	}
	return best, nil
}

// fit fits the model of the mode to features.
func fit(c *FinetuneConfig, data *labelled, training, validation train.Examples) (probed, error) {
	width, classes := len(training.X)/len(training.Y), len(data.Meta.Classes)
	if c.Mode == modeKNN {
		k := min(c.Neighbours, data.smallestClass())
		m := train.NewNeighbours(training, width, classes, k, c.Temperature)
		accuracy, err := m.Accuracy(validation)
		return probed{head: knnHead(m), validation: accuracy, neighbours: k}, err
	}
	m, err := train.FitLogistic(training, validation, width, classes)
	if err != nil {
		return probed{}, err
	}
	return probed{head: linearHead(m), validation: m.Validation, l2: m.L2}, nil
}

// exportProbe writes the SavedModel of the encoder with its head.
func exportProbe(env *plan.Env, c *FinetuneConfig, s source, best probed, weights map[string]*tf.Tensor) error {
	out := filepath.Join(env.Dir, "out", ModelDir)
	if s.asItIs() {
		return s.attach(out, c, &best.head)
	}
	g := tf.NewGraph()
	signatures := s.network.inference(g, best.layer, &best.head)
	if err := best.head.addTo(weights, g.Variables()); err != nil {
		return err
	}
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := tf.WriteCheckpoint(prefix, weights); err != nil {
		return err
	}
	return tf.ExportSavedModel(out, g, signatures, prefix)
}

// exportClassifier writes the SavedModel of a network with a head, whose weights
// are those of the checkpoint prefix.
func exportClassifier(dir string, nw network, layer string, h head, prefix string) error {
	g := tf.NewGraph()
	return tf.ExportSavedModel(dir, g, nw.inference(g, layer, &h), prefix)
}
