// Package pretext holds the self-supervised tasks that a pretrain stage can
// name. A task builds one scalar loss from augmented views of unlabelled images
// and an encoder that it may apply several times with shared weights.
//
// It refuses to read labels, to touch files and to print: images come in as
// views, numbers go out as the loss and as monitors. Augmentation belongs to
// package transform, networks to package backbone.
//
// To add a task, write one file with both halves of it (how examples are made
// and how they are scored) and add its line to Kinds.
package pretext

import (
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// Kinds lists the pretext tasks, by the name that HCL uses.
var Kinds = schema.Family{Name: "pretext", Variants: []schema.Variant{
	rotation,
}}

// Task is a configured pretext task.
type Task interface {
	// Views is how many independent augmentations of each image the task reads.
	Views() int
	// Crops is how many images of an encoder's batch one source image makes.
	Crops() int
	// CheckShape reports what makes images of height h, width w and c channels
	// unfit for the task.
	CheckShape(h, w, c int) []schema.Problem
	// Loss builds the scalar training loss.
	Loss(b *Builder) tf.Output
}

// Builder is what a task builds its loss with.
type Builder struct {
	// Views are the augmented batches, each float32 [N, H, W, C] in [0, 1].
	Views []tf.Output
	// Head makes layers that belong to the task and are dropped after it.
	Head *nn.Net

	encode   func(x tf.Output) backbone.Features
	monitors map[string]tf.Output
}

// NewBuilder returns the builder of one training graph. Encode applies the
// encoder to images [M, H, W, C] in [0, 1]; every call shares its weights.
func NewBuilder(head *nn.Net, encode func(x tf.Output) backbone.Features, views []tf.Output) *Builder {
	return &Builder{Views: views, Head: head, encode: encode, monitors: map[string]tf.Output{}}
}

// Graph is the graph under construction.
func (b *Builder) Graph() *tf.Graph { return b.Head.Graph() }

// Encode applies the encoder in training mode to images [M, H, W, C] in [0, 1].
func (b *Builder) Encode(x tf.Output) backbone.Features { return b.encode(x) }

// Monitor publishes a scalar that is reported while training.
func (b *Builder) Monitor(name string, scalar tf.Output) { b.monitors[name] = scalar }

// Monitors returns what the task published, by name.
func (b *Builder) Monitors() map[string]tf.Output { return b.monitors }
