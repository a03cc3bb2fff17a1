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

// probed is one layer with the logistic regression that was fitted to it.
type probed struct {
	layer string
	model *train.Logistic
}

// fitProbe fits a logistic regression to the frozen features of each layer (or
// to raw pixels) and keeps the layer that is best on validation images. The
// encoder runs in inference mode, once over each image.
func fitProbe(env *plan.Env, c *FinetuneConfig, data *labelled, s source) (artifact.ClassifierMeta, error) {
	layers := c.Layers
	if c.Mode == modePixels {
		layers = []string{layerPixels}
	}
	e, err := newExtractor(env, c, data, s, layers)
	if err != nil {
		return artifact.ClassifierMeta{}, err
	}
	defer func() { _ = e.session.Close() }()
	best, err := e.choose(env, data)
	if err != nil {
		return artifact.ClassifierMeta{}, err
	}
	prefix, err := e.assemble(env, best, len(data.Meta.Classes))
	if err != nil {
		return artifact.ClassifierMeta{}, err
	}
	if err := exportClassifier(env, s.network, best.layer, len(data.Meta.Classes), prefix); err != nil {
		return artifact.ClassifierMeta{}, err
	}
	return artifact.ClassifierMeta{Layer: best.layer, L2: best.model.L2, Validation: best.model.Validation}, nil
}

// extractor computes the features of several layers at once.
type extractor struct {
	source  source
	layers  []string
	outputs []tf.Output
	fed     tf.Output
	images  *tf.Tensor
	session *tf.Session
	encoder *tf.Saver // nil for raw pixels
}

func newExtractor(env *plan.Env, c *FinetuneConfig, data *labelled, s source, layers []string) (*extractor, error) {
	g := tf.NewGraph()
	net := nn.NewNet(g, seedOf("finetune", env.Seed)).Mode(false)
	e := &extractor{source: s, layers: layers}
	var images tf.Output
	e.fed, images = s.network.input(g, "images", judgeBatch)
	e.outputs = s.network.layers(net, images, layers...)
	moved, err := newTransfer(g, s, net.Variables(), "", len(net.Variables()))
	if err != nil {
		return nil, err
	}
	if len(net.Variables()) > 0 {
		e.encoder = g.Saver(net.Variables())
	}
	init := g.InitOp()
	shape := data.Meta.Shape
	if e.images, err = tf.Alloc(tf.Uint8, judgeBatch, shape[0], shape[1], shape[2]); err != nil {
		return nil, err
	}
	if e.session, err = tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(env.Device)}); err != nil {
		return nil, err
	}
	if _, err = e.session.Run(nil, nil, init); err == nil {
		err = moved.run(e.session, env.Logf)
	}
	if err != nil {
		return nil, errors.Join(err, e.session.Close())
	}
	return e, nil
}

// features returns the features of the examples, one set for each layer.
func (e *extractor) features(data *labelled, indices []int) ([]train.Examples, error) {
	sets := make([]train.Examples, len(e.layers))
	err := inBatches(data.Dataset, indices, e.images, func(chosen []int) error {
		out, err := e.session.Run(map[tf.Output]*tf.Tensor{e.fed: e.images}, e.outputs)
		if err != nil {
			return err
		}
		for i, t := range out {
			sets[i].X = append(sets[i].X, t.Float32s()[:len(chosen)*t.Dims()[1]]...)
			for _, example := range chosen {
				sets[i].Y = append(sets[i].Y, data.Label(example))
			}
		}
		return nil
	})
	return sets, err
}

// choose fits one model to each layer and returns the best on validation data.
// On a tie the earlier layer of the list stays.
func (e *extractor) choose(env *plan.Env, data *labelled) (probed, error) {
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
		width := len(training[i].X) / len(training[i].Y)
		model, err := train.FitLogistic(training[i], validation[i], width, len(data.Meta.Classes))
		if err != nil {
			return probed{}, fmt.Errorf("probe layer %s: %w", layer, err)
		}
		env.Report(plan.Progress{Step: i + 1, Total: len(e.layers), Values: map[string]float64{"validation": model.Validation}, Note: layer})
		if best.model == nil || model.Validation > best.model.Validation {
			best = probed{layer: layer, model: model}
		}
	}
	return best, nil
}

// assemble writes a checkpoint of the whole classifier, encoder and head, and
// returns its prefix.
func (e *extractor) assemble(env *plan.Env, best probed, classes int) (string, error) {
	encoder := filepath.Join(env.Dir, "final", "encoder")
	if e.encoder != nil {
		if err := e.encoder.Save(e.session, encoder); err != nil {
			return "", fmt.Errorf("save encoder: %w", err)
		}
	}
	g := tf.NewGraph()
	net := nn.NewNet(g, 0).Mode(false)
	_, images := e.source.network.input(g, "images", 1)
	features := e.source.network.layers(net, images, best.layer)[0]
	frozen := len(net.Variables())
	net.Dense("head", features, classes, nn.Zeros)
	head := net.Variables()[frozen:]
	var restore *tf.Saver
	if frozen > 0 {
		restore = g.Saver(net.Variables()[:frozen])
	}
	all := g.Saver(net.Variables())
	values := [][]float64{best.model.Weights, best.model.Bias}
	var assigns []tf.Op
	feeds := map[tf.Output]*tf.Tensor{}
	for i, v := range head {
		fed := g.Placeholder(v.Name+"/value", tf.Float32, v.Shape.Ints()...)
		t, err := tf.FromFloat32s(float32s(values[i]), v.Shape.Ints()...)
		if err != nil {
			return "", err
		}
		feeds[fed] = t
		assigns = append(assigns, g.Assign(v, fed))
	}
	session, err := tf.NewSession(g, tf.SessionOptions{Threads: 1, Device: tf.Device(env.Device)})
	if err != nil {
		return "", err
	}
	defer func() { _ = session.Close() }()
	if restore != nil {
		if err := restore.Restore(session, encoder); err != nil {
			return "", fmt.Errorf("load encoder: %w", err)
		}
	}
	if _, err := session.Run(feeds, nil, assigns...); err != nil {
		return "", fmt.Errorf("set head: %w", err)
	}
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := all.Save(session, prefix); err != nil {
		return "", fmt.Errorf("save classifier: %w", err)
	}
	return prefix, nil
}

func float32s(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}
