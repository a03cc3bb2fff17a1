package training

import (
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
)

// Texts of a training: all are as long as they may be.
const (
	vocabulary  = 8192
	hiddenShare = 0.15 // of the tokens, to be predicted
	maskToken   = 1
)

// ofTexts builds the prediction of hidden tokens (BERT): a pre-norm encoder and a head
// that shares its kernel with the embeddings. What has to be predicted are as many
// places in each step, so that the logits have one shape.
func (t *Training) ofTexts(c Config, n *nn.Net) (loss, accuracy tf.Output, err error) {
	g := t.Graph
	count := int(hiddenShare * float64(c.Batch*c.Length))
	tokens := g.Placeholder("tokens", tf.Int32, c.Batch, c.Length)
	places, targets := g.Placeholder("places", tf.Int32, count), g.Placeholder("targets", tf.Int32, count)
	network := &backbone.Transformer{Width: c.Width, Depth: c.Depth, Heads: c.Heads, MLPRatio: 4, Norm: "pre", Positions: "learned", Pool: "mean"}
	f := network.ForText(vocabulary, c.Length).Build(n, tokens)
	x := n.Embedding(g.Reshape(f.Map, c.Batch*c.Length, c.Width), places)
	x = nn.GELU(g, n.Dense("head/dense", x, c.Width, nn.TruncatedNormal(0.02)))
	bias := n.Variable("head/bias", tf.Shape{vocabulary}, nn.Zeros, true).Read()
	logits := n.TiedLogits(n.LayerNorm("head/norm", x, 1e-12), f.Embedding, bias)
	return g.Mean(n.TokenCrossEntropy(logits, targets), false), nn.Accuracy(g, logits, targets), t.drawTexts(tokens, places, targets)
}

// drawTexts makes what is fed: tokens of noise, of which some are hidden.
func (t *Training) drawTexts(tokens, places, targets tf.Output) error {
	var fed [3][]int32
	for i, o := range []tf.Output{tokens, places, targets} {
		tensor, err := tf.Alloc(tf.Int32, o.Shape().Ints()...)
		if err != nil {
			return err
		}
		t.feeds[o], fed[i] = tensor, tensor.Int32s()
	}
	t.refill = func() {
		for i := range fed[0] {
			fed[0][i] = 2 + t.random.Int32N(vocabulary-2)
		}
		for i, place := range t.random.Perm(len(fed[0]))[:len(fed[1])] {
			fed[1][i], fed[2][i] = int32(place), fed[0][place]
			fed[0][place] = maskToken
		}
	}
	return nil
}
