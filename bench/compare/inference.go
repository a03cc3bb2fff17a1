package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"time"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
)

var inference = workload{
	Name: "inference",
	Doc:  "probabilities of images by a published model",
	Run:  raceInference,
}

// inferred is how many images one pass has.
const inferred = 512

func raceInference(ctx context.Context, l *lab) ([]result, error) {
	n := networks[0]
	model := filepath.Join(l.dir, "model")
	params := map[string]any{"alpha": n.alpha, "pixels": n.pixels, "strides": n.strides, "threads": l.threads, "model": model}
	if err := l.once(ctx, "export", params); err != nil {
		return nil, fmt.Errorf("export a model: %w", err)
	}
	r := race{workload: "inference", unit: "images/s", slice: l.slice(), contenders: []contender{
		{Name: "sslpipe", Start: l.ours(), Work: "inference"},
		{Name: "Keras predict", Start: l.python(l.keras(), "keras_inference.py"), Params: map[string]any{"by": "keras"}},
		{Name: "onnxruntime", Start: l.python(l.keras(), "keras_inference.py"), Params: map[string]any{"by": "onnxruntime"}, Wait: 5 * time.Minute},
	}}
	for _, batch := range []int{1, 32, 256} {
		r.scenarios = append(r.scenarios, scenario{Name: fmt.Sprintf("%s, batch %d", n, batch), Params: with(params, "batch", batch)})
	}
	return r.run(ctx, l)
}

// oursExport writes an untrained network with a head as a SavedModel.
func oursExport(p params) (work, error) {
	return func(int) (_ reply, err error) {
		g := tf.NewGraph()
		images := g.Placeholder("images", tf.Float32, -1, p.Pixels, p.Pixels, 3)
		n := nn.NewNet(g, 1).Mode(false)
		network := &backbone.MobileNetV2{Alpha: p.Alpha, Strides: p.Strides, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
		x := network.Build(n, g.Mul(images, g.Scalar(1.0/255))).Pooled
		probabilities := g.OpNamed("probabilities", "Identity", nil, g.Softmax(n.Dense("head", x, classCount, nn.Normal(0.01))))[0]
		start, saver := g.InitOp(), g.Saver(g.Variables())
		s, err := tf.NewSession(g, tf.SessionOptions{Threads: p.Threads})
		if err != nil {
			return reply{}, err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		if _, err := s.Run(nil, nil, start); err != nil {
			return reply{}, err
		}
		weights := filepath.Join(p.Model+"-weights", "weights")
		if err := saver.Save(s, weights); err != nil {
			return reply{}, err
		}
		signature := tf.Signature{
			Name: "serving_default", Inputs: map[string]tf.Output{"images": images}, Outputs: map[string]tf.Output{"probabilities": probabilities},
		}
		return reply{Seconds: 1, Items: 1}, tf.ExportSavedModel(p.Model, g, []tf.Signature{signature}, weights)
	}, nil
}

// oursInference runs a SavedModel as predict does.
func oursInference(p params) (work, error) {
	model, err := tf.LoadModel(p.Model, tf.SessionOptions{Threads: p.Threads})
	if err != nil {
		return nil, err
	}
	images, err := tf.Alloc(tf.Float32, p.Batch, p.Pixels, p.Pixels, 3)
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range images.Float32s() {
		images.Float32s()[i] = float32(random.IntN(256))
	}
	return func(n int) (reply, error) {
		began := time.Now()
		for range n * inferred / p.Batch {
			if _, err := model.Run("serving_default", map[string]*tf.Tensor{"images": images}); err != nil {
				return reply{}, err
			}
		}
		return reply{Seconds: time.Since(began).Seconds(), Items: float64(n * inferred)}, nil
	}, nil
}
