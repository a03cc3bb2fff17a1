package pretext

import (
	"fmt"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var maskedToken = schema.Variant{
	Name:    "masked_token",
	Doc:     "Hide some tokens of a text and predict them from both sides, as BERT does.",
	Paper:   "Devlin et al., NAACL 2019, arXiv:1810.04805",
	Cost:    "1 encoder pass, forward and backward, and scores over the vocabulary for the hidden tokens alone",
	Version: 1,
	New: func() any {
		return &MaskedToken{Weighted: alone, Ratio: 0.15, MaskShare: 0.8, RandomShare: 0.1}
	},
}

// MaskedToken configures masked language modelling. Which tokens are hidden is drawn
// anew for every epoch. Of every text an exact number is, so that shapes are the same
// in all steps and the head, whose product with the whole vocabulary is the larger
// part of a small model's work, sees hidden positions alone: at 15 % it costs a sixth
// of what it would at all of them.
type MaskedToken struct {
	Weighted
	Ratio       float64 `hcl:"ratio,optional" example:"0.15" min:"0.01" max:"0.9" doc:"Share of a text's tokens that is predicted, rounded to whole tokens, at least one. Special tokens and padding are none of them."`
	MaskShare   float64 `hcl:"mask_share,optional" min:"0" max:"1" doc:"Share of the tokens to predict that is replaced by [MASK]."`
	RandomShare float64 `hcl:"random_share,optional" min:"0" max:"1" doc:"Share of the tokens to predict that is replaced by any ordinary token. The rest stays as it is."`
	WholeWord   bool    `hcl:"whole_word,optional" doc:"Hide words and not parts of them. A word that the number of tokens to hide has no place for is left, so that the share is a little lower."`
}

// Validate implements schema.Validator.
func (t *MaskedToken) Validate() []schema.Problem {
	if t.MaskShare+t.RandomShare > 1+1e-9 {
		return problem("random_share", fmt.Sprintf("mask_share and random_share are shares of the same tokens, and add up to %v.", t.MaskShare+t.RandomShare))
	}
	return nil
}

// Needs implements Task: for each position a number that says whether it is hidden,
// one that says how, and one that says what is there instead.
func (*MaskedToken) Needs(b Batch) Needs { return Needs{Views: 1, Draws: 3 * b.W, Input: Text} }

// Crops implements Task.
func (*MaskedToken) Crops() int { return 1 }

// Check implements Task. A token is predicted from both of its sides.
func (t *MaskedToken) Check(b Batch) []schema.Problem {
	var found []schema.Problem
	if k := t.hidden(b.W); k >= b.W {
		found = problem("ratio", fmt.Sprintf("Of texts of %d tokens %d would be hidden: use a lower ratio or longer texts.", b.W, k))
	}
	if b.Causal {
		found = append(found, problem("", "masked_token predicts a token from both of its sides, and this backbone is causal: it sees earlier tokens only. "+
			`Set causal = false, or use pretext "next_token".`)...)
	}
	return found
}

// HeadValues implements Wide.
func (t *MaskedToken) HeadValues(b Batch) int64 {
	return int64(b.N) * int64(t.hidden(b.W)) * int64(b.Vocabulary)
}

// hidden is how many of a text's ordinary tokens are hidden.
func (t *MaskedToken) hidden(ordinary int) int {
	if ordinary == 0 {
		return 0
	}
	return max(1, int(t.Ratio*float64(ordinary)+0.5))
}

// Loss implements Task: the mean cross-entropy of the hidden tokens.
func (t *MaskedToken) Loss(b *Builder) tf.Output {
	g := b.Graph()
	tokens := b.Views[0]
	chosen := t.choose(b, tokens)
	f := b.Encode(t.corrupt(b, tokens, chosen.hidden))
	if !f.Embedding.Valid() {
		return g.Failf("masked_token needs a network with a table of tokens")
	}
	vectors := g.Reshape(g.GatherBatch(g.Squeeze(f.Map, 1), chosen.at), -1, f.Map.Dim(-1))
	b.Embed(vectors)
	logits := t.head(b.Head, vectors, f.Embedding)
	targets := g.Reshape(g.GatherBatch(tokens, chosen.at), -1)
	return b.scoreTokens(logits, targets, g.Reshape(chosen.counts, -1), b.unigram(b.ordinary()))
}

// head scores the tokens of the vocabulary for vectors x [M, D] by the table of the
// encoder's tokens [V, D], as [M, V].
func (*MaskedToken) head(n *nn.Net, x, table tf.Output) tf.Output {
	g := n.Graph().Scope("masked_token/head")
	y := nn.GELU(g, n.Dense("masked_token/dense", x, table.Dim(1), nn.Normal(headDeviation)))
	y = n.LayerNorm("masked_token/norm", y, layerNormEpsilon)
	bias := n.Variable("masked_token/bias", tf.Shape{int64(table.Dim(0))}, nn.Zeros, true)
	return n.TiedLogits(y, table, bias.Read())
}

// Of heads on tokens: the deviation of first weights, as BERT's, and what is added to
// a variance.
const headDeviation, layerNormEpsilon = 0.02, 1e-6

// Signature implements Predictor.
func (*MaskedToken) Signature() string { return maskedToken.Name }

// Predict implements Predictor.
func (t *MaskedToken) Predict(n *nn.Net, f backbone.Features) tf.Output {
	return eachPosition(n.Graph(), f, func(x tf.Output) tf.Output { return t.head(n, x, f.Embedding) })
}

// Passages implements Written: the text with its masks, and what was there.
func (t *MaskedToken) Passages(b *Builder) []Passage {
	g, tokens := b.Graph(), b.Views[0]
	hidden := t.choose(b, tokens).hidden
	return []Passage{{
		Title:  "masked_token",
		Tokens: t.corrupt(b, tokens, hidden), Targets: g.Select(hidden, tokens, g.Const(int32(0))),
	}}
}
