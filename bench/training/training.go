// Package training is the training step that benchmarks measure: a network of images
// with a head, trained as a finetune stage trains it, or one of texts that predicts
// hidden tokens. Bytes are fed and become numbers in the graph, the learning rate is
// fed, loss and accuracy are fetched.
//
// It refuses to be of use: images and texts are noise, and it stops when it is told to.
// Another network of images is a case of ofImages.
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
	Network string  `json:"network"` // MobileNetV2 where it is empty, ViT or Text
	Alpha   float64 `json:"alpha"`   // of MobileNetV2
	Pixels  int     `json:"pixels"`  // side of the images, which have 3 channels
	Strides string  `json:"strides"` // preset of MobileNetV2
	Width   int     `json:"dim"`     // of a transformer
	Depth   int     `json:"depth"`
	Heads   int     `json:"heads"`
	Length  int     `json:"length"` // tokens of a text
	Batch   int     `json:"batch"`
	Threads int     `json:"threads"`
	Device  string  `json:"device"`
	// Stock trains through TensorFlow's own operations on the CPU too.
	Stock bool `json:"stock"`
	// Mixed trains in mixed precision.
	Mixed bool `json:"mixed"`
	// Workers share the batch, on the cluster of Server; 0 is this process alone.
	Workers int        `json:"-"`
	Server  *tf.Server `json:"-"`
}

// String names the network and the size of an example.
func (c Config) String() string {
	switch c.Network {
	case ViT:
		return fmt.Sprintf("ViT of width %d, depth %d, %d heads, patches of 4, %d px", c.Width, c.Depth, c.Heads, c.Pixels)
	case Text:
		return fmt.Sprintf("transformer of width %d, depth %d, %d heads, %d tokens, vocabulary of %d", c.Width, c.Depth, c.Heads, c.Length, vocabulary)
	}
	return fmt.Sprintf("alpha %.2f, %d px, strides %s", c.Alpha, c.Pixels, c.Strides)
}

// Networks by name.
const (
	ViT  = "vit"  // patches of 4 pixels
	Text = "text" // of tokens
)

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

	feeds  map[tf.Output]*tf.Tensor
	refill func() // the feeds with another batch
	random *rand.Rand
}

// New builds a training and gives its variables their initial values.
func New(c Config) (*Training, error) {
	t := &Training{Graph: tf.NewGraph(), feeds: map[tf.Output]*tf.Tensor{}, random: rand.New(rand.NewPCG(1, 2))}
	g := t.Graph
	g.For(tf.Device(c.Device))
	g.Replicate(c.Workers)
	n := nn.NewNet(g, 1)
	gpu := tf.Device(c.Device) == tf.GPU
	switch {
	case c.Mixed:
		n = n.Mixed(gpu)
	case !c.Stock && !gpu:
		n = n.Fused()
	}
	build := t.ofImages
	if c.Network == Text {
		build = t.ofTexts
	}
	loss, accuracy, err := build(c, n)
	if err != nil {
		return nil, err
	}
	rate := g.Placeholder("learning_rate", tf.Float32)
	if t.feeds[rate], err = tf.FromFloat32s([]float32{1e-3}); err != nil {
		return nil, err
	}
	optimizer := &nn.AdamW{LearningRate: 1e-3, WeightDecay: 0.05, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	t.Step = optimizer.Apply(n, loss, rate, n.Trainable()).Op
	t.Fetches = g.MeanOver([]tf.Output{loss, accuracy})
	start := g.InitOp()
	if t.Session, err = tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(c.Device), Server: c.Server}); err != nil {
		return nil, err
	}
	if _, err := t.Session.Run(nil, nil, start); err != nil {
		return nil, fmt.Errorf("initialise variables: %w", err)
	}
	return t, nil
}

// ofImages builds the classification of images.
func (t *Training) ofImages(c Config, n *nn.Net) (loss, accuracy tf.Output, err error) {
	g := t.Graph
	images := g.Placeholder("images", tf.Uint8, c.Batch, c.Pixels, c.Pixels, 3)
	labels := g.Placeholder("labels", tf.Int32, c.Batch)
	var network backbone.Backbone = &backbone.MobileNetV2{Alpha: c.Alpha, Strides: c.Strides, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
	if c.Network == ViT {
		network = &backbone.ViT{Patch: 4, Width: c.Width, Depth: c.Depth, Heads: c.Heads, MLPRatio: 4, Pool: "class", Positions: "learned"}
	}
	logits := n.Dense("head", network.Build(n, normalised(g, g.Share(images))).Pooled, classes, nn.Normal(0.01))
	mine := g.Share(labels)
	return g.Mean(nn.CrossEntropy(g, logits, mine, 0), false), nn.Accuracy(g, logits, mine), t.storeImages(c, images, labels)
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

// storeImages makes the images in memory, and what is fed of them.
func (t *Training) storeImages(c Config, images, labels tf.Output) error {
	pixels := make([]byte, stored*c.Pixels*c.Pixels*3)
	for i := range pixels {
		pixels[i] = byte(t.random.Uint32())
	}
	fedImages, err := tf.Alloc(tf.Uint8, c.Batch, c.Pixels, c.Pixels, 3)
	if err != nil {
		return err
	}
	fedLabels, err := tf.Alloc(tf.Int32, c.Batch)
	if err != nil {
		return err
	}
	t.feeds[images], t.feeds[labels] = fedImages, fedLabels
	t.refill = func() {
		labels, images := fedLabels.Int32s(), fedImages.Uint8s()
		size := len(images) / len(labels)
		for i := range labels {
			chosen := t.random.IntN(stored)
			copy(images[i*size:(i+1)*size], pixels[chosen*size:(chosen+1)*size])
			labels[i] = int32(chosen % classes)
		}
	}
	return nil
}

// Feeds fills in another batch.
func (t *Training) Feeds() map[tf.Output]*tf.Tensor {
	t.refill()
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
