package stages

import (
	"errors"
	"fmt"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/nn"
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
	encoder := filepath.Join(env.Dir, "final", "encoder")
	if err == nil && !s.asItIs() {
		err = e.save(encoder)
	}
	if err := errors.Join(err, e.close()); err != nil {
		return artifact.ClassifierMeta{}, err
	}
	if err := exportProbe(env, c, s, best, encoder); err != nil {
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
		return probed{head: knnHead(m), validation: m.Accuracy(validation), neighbours: k}, nil
	}
	m, err := train.FitLogistic(training, validation, width, classes)
	if err != nil {
		return probed{}, err
	}
	return probed{head: linearHead(m), validation: m.Validation, l2: m.L2}, nil
}

// exportProbe writes the SavedModel of the encoder with its head.
func exportProbe(env *plan.Env, c *FinetuneConfig, s source, best probed, encoder string) error {
	out := filepath.Join(env.Dir, "out", ModelDir)
	if s.asItIs() {
		return s.attach(out, c, &best.head)
	}
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := assemble(env, s, best, encoder, prefix); err != nil {
		return err
	}
	return exportClassifier(out, s.network, best.layer, best.head, prefix)
}

// assemble writes a checkpoint of the whole classifier, encoder and head.
func assemble(env *plan.Env, s source, best probed, encoder, prefix string) (err error) {
	g := tf.NewGraph()
	net := nn.NewNet(g, 0).Mode(false)
	_, images := s.network.input(g, "images", 1)
	features := s.network.layers(net, images, best.layer)[0]
	frozen := len(net.Variables())
	best.head.build(net, headRoot, features)
	assigns, feeds, err := best.head.assign(g, net.Variables()[frozen:])
	if err != nil {
		return err
	}
	var restore *tf.Saver
	if frozen > 0 {
		restore = g.Saver(net.Variables()[:frozen])
	}
	all := g.Saver(net.Variables())
	session, err := tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: tf.Device(env.Device)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	if restore != nil {
		if err := restore.Restore(session, encoder); err != nil {
			return fmt.Errorf("load encoder: %w", err)
		}
	}
	if _, err := session.Run(feeds, nil, assigns...); err != nil {
		return fmt.Errorf("set head: %w", err)
	}
	return all.Save(session, prefix)
}

// exportClassifier writes the SavedModel of a network with a head, whose weights
// are those of the checkpoint prefix.
func exportClassifier(dir string, nw network, layer string, h head, prefix string) error {
	g := tf.NewGraph()
	return tf.ExportSavedModel(dir, g, nw.inference(g, layer, &h), prefix)
}
