package pretext

import (
	"fmt"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var nextToken = schema.Variant{
	Name:    "next_token",
	Doc:     "Predict each token of a text from those before it, as GPT does.",
	Paper:   "Radford et al., 2018; Bengio et al., JMLR 2003",
	Cost:    "1 encoder pass, forward and backward, and scores over the vocabulary for every token",
	Version: 1,
	New:     func() any { return &NextToken{Weighted: alone} },
}

// NextToken configures causal language modelling. Special tokens are predicted like
// others, so that the end of a text is; padding is not. Nor is an end at the last place
// there is: whatever was cut off has one, which would be known by the place alone.
type NextToken struct{ Weighted }

// Needs implements Task.
func (*NextToken) Needs(Batch) Needs { return Needs{Views: 1, Input: Text} }

// Crops implements Task.
func (*NextToken) Crops() int { return 1 }

// Check implements Task. A network that sees the next token need not predict it.
func (*NextToken) Check(b Batch) []schema.Problem {
	switch {
	case b.W < 2:
		return problem("", fmt.Sprintf("Texts of %d token have no next one.", b.W))
	case !b.Causal:
		return problem("", "next_token needs a network that sees earlier tokens only, or the next one is no secret. "+
			`Set causal = true, or use pretext "masked_token".`)
	}
	return nil
}

// HeadValues implements Wide.
func (*NextToken) HeadValues(b Batch) int64 { return int64(b.N) * int64(b.W-1) * int64(b.Vocabulary) }

// counts tells which of the tokens behind the first are predicted, float32 [N, L-1].
func (*NextToken) counts(b *Builder) tf.Output {
	g := b.Graph().Scope("counts")
	n, length := b.Views[0].Dim(0), b.Views[0].Dim(1)
	targets := g.Slice(b.Views[0], []int{0, 1}, []int{n, length - 1})
	inside := make([]bool, length-1)
	for i := range length - 2 {
		inside[i] = true
	}
	present := g.NotEqual(targets, g.Const(int32(0)))
	ends := g.Equal(targets, g.Const(b.Tokenizer.Special().End))
	return g.Cast(g.And(present, g.Or(g.Const(inside), g.Not(ends))), tf.Float32)
}

// Loss implements Task: the mean cross-entropy of all tokens but the first.
func (t *NextToken) Loss(b *Builder) tf.Output {
	g := b.Graph()
	tokens := b.Views[0]
	n, length := tokens.Dim(0), tokens.Dim(1)
	f := b.Encode(tokens)
	if !f.Embedding.Valid() {
		return g.Failf("next_token needs a network with a table of tokens")
	}
	vectors := g.Squeeze(f.Map, 1)
	b.Embed(someVectors(g, vectors))
	before := g.Slice(vectors, []int{0, 0, 0}, []int{n, length - 1, -1})
	targets := g.Reshape(g.Slice(tokens, []int{0, 1}, []int{n, length - 1}), -1)
	logits := t.head(b.Head, g.Reshape(before, -1, vectors.Dim(2)), f.Embedding)
	return b.scoreTokens(logits, targets, g.Reshape(t.counts(b), -1), b.unigram(nil))
}

// watched is how many positions of each text are watched for collapse.
const watched = 8

// someVectors takes a few vectors of each text from [N, L, D], evenly spread, as [M, D].
func someVectors(g *tf.Graph, vectors tf.Output) tf.Output {
	length := vectors.Dim(1)
	at := make([]int, min(watched, length))
	for i := range at {
		at[i] = (2*i + 1) * length / (2 * len(at))
	}
	return g.Reshape(g.Gather(vectors, g.Ints(at...), 1), -1, vectors.Dim(2))
}

// head scores the tokens of the vocabulary for vectors x [M, D] by the table of the
// encoder's tokens [V, D], as [M, V].
func (*NextToken) head(n *nn.Net, x, table tf.Output) tf.Output {
	return n.TiedLogits(x, table, tf.Output{})
}

// Signature implements Predictor.
func (*NextToken) Signature() string { return nextToken.Name }

// Predict implements Predictor.
func (t *NextToken) Predict(n *nn.Net, f backbone.Features) tf.Output {
	return eachPosition(n.Graph(), f, func(x tf.Output) tf.Output { return t.head(n, x, f.Embedding) })
}

// Passages implements Written: each token with the one that is predicted from it and
// those before.
func (t *NextToken) Passages(b *Builder) []Passage {
	g, tokens := b.Graph(), b.Views[0]
	n, length := tokens.Dim(0), tokens.Dim(1)
	next := g.Slice(tokens, []int{0, 1}, []int{n, length - 1})
	targets := g.Mul(next, g.Cast(t.counts(b), tf.Int32))
	return []Passage{{Title: "next_token", Tokens: tokens, Targets: g.Pad(targets, [][2]int{{0, 0}, {0, 1}})}}
}
