// Package training is the supervised training step that benchmarks measure: a
// MobileNetV2 with a head, trained as a finetune stage trains it. Bytes are fed and
// become numbers in the graph, the learning rate is fed, loss and accuracy are
// fetched.
//
// It refuses to be of use: the images are noise, and it stops when it is told to.
package training

import (
	"fmt"
	"math/rand/v2"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

// Config is what a step's time depends on.
type Config struct {
	Alpha   float64 `json:"alpha"`
	Pixels  int     `json:"pixels"`  // side of the images, which have 3 channels
	Strides string  `json:"strides"` // preset of the backbone
	Batch   int     `json:"batch"`
	Threads int     `json:"threads"`
	Device  string  `json:"device"`
	// Stock trains through TensorFlow's own operations on the CPU too.
	Stock bool `json:"stock"`
}

// What is trained on: images in memory, of which each step takes some at random.
const (
	stored  = 1024
	classes = 10
)

// Training is a network with its optimiser in a session.
type Training struct {
	Graph   *tf.Graph
	Session *tf.Session
	Fetches []tf.Output // loss and accuracy
	Step    tf.Op

	pixels         []byte // of the stored images
	images, labels *tf.Tensor
	feeds          map[tf.Output]*tf.Tensor
	random         *rand.Rand
}

// New builds a training and gives its variables their initial values.
func New(c Config) (*Training, error) {
	t := &Training{Graph: tf.NewGraph(), random: rand.New(rand.NewPCG(1, 2))}
	t.pixels = make([]byte, stored*c.Pixels*c.Pixels*3)
	for i := range t.pixels {
		t.pixels[i] = byte(t.random.Uint32())
	}
	g := t.Graph
	images := g.Placeholder("images", tf.Uint8, c.Batch, c.Pixels, c.Pixels, 3)
	labels := g.Placeholder("labels", tf.Int32, c.Batch)
	rate := g.Placeholder("learning_rate", tf.Float32)
	t.build(c, images, labels, rate)
	start := g.InitOp()
	var err error
	if t.Session, err = tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(c.Device)}); err != nil {
		return nil, err
	}
	if _, err := t.Session.Run(nil, nil, start); err != nil {
		return nil, fmt.Errorf("initialise variables: %w", err)
	}
	return t, t.allocate(c, images, labels, rate)
}

// build adds the step to the graph.
func (t *Training) build(c Config, images, labels, rate tf.Output) {
	g := t.Graph
	n := nn.NewNet(g, 1)
	if !c.Stock && tf.Device(c.Device) != tf.GPU {
		n = n.Fused()
	}
	network := &backbone.MobileNetV2{Alpha: c.Alpha, Strides: c.Strides, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
	logits := n.Dense("head", network.Build(n, normalised(g, images)).Pooled, classes, nn.Normal(0.01))
	loss := g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
	optimizer := &nn.AdamW{LearningRate: 1e-3, WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	t.Step = optimizer.Apply(n, loss, rate, n.Trainable()).Op
	t.Fetches = []tf.Output{loss, nn.Accuracy(g, logits, labels)}
}

// normalised makes numbers of bytes, by rows of an image as stages do.
func normalised(g *tf.Graph, images tf.Output) tf.Output {
	scale, offset := make([]float32, 3*images.Dim(2)), make([]float32, 3*images.Dim(2))
	for i := range scale {
		scale[i], offset[i] = 4, -2
	}
	rows := g.Reshape(transform.Unit(g, images), -1, len(scale))
	rows = g.Add(g.Mul(rows, g.Const(scale)), g.Const(offset))
	return g.Reshape(rows, images.Shape().Ints()...)
}

// allocate makes the memory that is fed.
func (t *Training) allocate(c Config, images, labels, rate tf.Output) (err error) {
	if t.images, err = tf.Alloc(tf.Uint8, c.Batch, c.Pixels, c.Pixels, 3); err != nil {
		return err
	}
	if t.labels, err = tf.Alloc(tf.Int32, c.Batch); err != nil {
		return err
	}
	value, err := tf.FromFloat32s([]float32{1e-3})
	t.feeds = map[tf.Output]*tf.Tensor{images: t.images, labels: t.labels, rate: value}
	return err
}

// Feeds fills in another batch.
func (t *Training) Feeds() map[tf.Output]*tf.Tensor {
	labels, images := t.labels.Int32s(), t.images.Uint8s()
	size := len(images) / len(labels)
	for i := range labels {
		chosen := t.random.IntN(stored)
		copy(images[i*size:(i+1)*size], t.pixels[chosen*size:(chosen+1)*size])
		labels[i] = int32(chosen % classes)
	}
	return t.feeds
}

// Run takes n steps.
func (t *Training) Run(n int) error {
	for range n {
		if _, err := t.Session.Run(t.Feeds(), t.Fetches, t.Step); err != nil {
			return err
		}
	}
	return nil
}
