package pretext

import (
	"fmt"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var supervised = schema.Variant{
	Name:    "supervised",
	Doc:     "Predict the images' labels: the control that shows what labels would have brought. Every image needs one.",
	Paper:   "Krizhevsky, Sutskever and Hinton, NeurIPS 2012",
	Cost:    "1 encoder pass, forward and backward",
	Version: 1,
	New:     func() any { return &Supervised{Weighted: alone} },
}

// Supervised configures supervised pre-training. It is no self-supervised task:
// it reads the labels of the images that the others use without.
type Supervised struct {
	Weighted
	Smoothing float64 `hcl:"smoothing,optional" example:"0.1" min:"0" max:"0.9" doc:"Share of the target that is spread over all classes."`
}

// Needs implements Task.
func (*Supervised) Needs(Batch) Needs { return Needs{Views: 1, Labels: true, Input: Anything} }

// Crops implements Task.
func (*Supervised) Crops() int { return 1 }

// Check implements Task.
func (*Supervised) Check(Batch) []schema.Problem { return nil }

// Loss implements Task: mean cross-entropy.
func (t *Supervised) Loss(b *Builder) tf.Output {
	g := b.Graph()
	if len(b.Classes) < 2 {
		return g.Failf("supervised pre-training needs at least two classes, not %d", len(b.Classes))
	}
	logits := b.Head.Dense("supervised/logits", b.Encode(b.Views[0]).Pooled, len(b.Classes), nn.Normal(0.01))
	b.Accuracy(nn.Accuracy(g, logits, b.Labels), 1/float64(len(b.Classes)))
	return g.Mean(nn.CrossEntropy(g, logits, b.Labels, t.Smoothing), false)
}

// Pictures implements Drawn: the view with its label.
func (*Supervised) Pictures(b *Builder) []Picture {
	return []Picture{{Title: fmt.Sprintf("one of %d", len(b.Classes)), Images: b.Views[0], Labels: b.Labels, Names: b.Classes}}
}

// Passages implements Written: the text with its label.
func (t *Supervised) Passages(b *Builder) []Passage {
	return []Passage{{Title: "supervised", Tokens: b.Views[0], Labels: b.Labels, Names: b.Classes}}
}
