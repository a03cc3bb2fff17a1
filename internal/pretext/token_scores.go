package pretext

import (
	"math"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
)

// Predictor is a task on texts whose head is of use after the training: it is exported
// with the encoder, as a signature of its own.
type Predictor interface {
	Task
	// Signature is the name of what Predict is exported as.
	Signature() string
	// Predict builds the head on features of texts of L tokens: the scores of all
	// tokens of the vocabulary at each position, float32 [N, L, V]. N and L may be
	// unknown.
	Predict(n *nn.Net, f backbone.Features) tf.Output
}

// eachPosition applies head, which makes [M, V] of vectors [M, D], to the vectors of
// all positions of texts, and returns [N, L, V].
func eachPosition(g *tf.Graph, f backbone.Features, head func(x tf.Output) tf.Output) tf.Output {
	vectors := g.Squeeze(f.Map, 1)
	logits := head(g.Reshape(vectors, -1, vectors.Dim(2)))
	return g.ReshapeLike(logits, vectors, vectors.Dim(0), vectors.Dim(1), logits.Dim(1))
}

// Totals are sums over a batch of predicted tokens, each a float32 scalar.
type Totals struct {
	Tokens tf.Output // how many count
	Loss   tf.Output // of their cross-entropies
	Right  tf.Output // how many are the likeliest by the logits
}

// scoreTokens compares logits [M, V] with targets int32 [M], of which those count where
// counts float32 [M] is 1, and returns the mean cross-entropy. The accuracy is
// published; what guess is worth is what it has to be better than. Several workers have
// different numbers of tokens: each divides by the mean of these, so that the mean of
// their losses is that of all tokens.
func (b *Builder) scoreTokens(logits, targets, counts tf.Output, guess Guess) tf.Output {
	b.guess = guess
	g := b.Graph().Scope("scores")
	losses := b.Head.TokenCrossEntropy(logits, targets)
	right := g.Cast(g.Equal(g.ArgMax(logits, 1), targets), tf.Float32)
	sum := func(x tf.Output) tf.Output { return g.Sum(g.Mul(x, counts), false) }
	b.totals = Totals{Tokens: g.Sum(counts, false), Loss: sum(losses), Right: sum(right)}
	tokens := g.Maximum(g.MeanOver([]tf.Output{b.totals.Tokens})[0], g.Scalar(1/float64(g.Replicas())))
	b.Accuracy(g.Div(b.totals.Right, tokens), guess.Accuracy)
	return g.Div(b.totals.Loss, tokens)
}

// Guess is what knowing how often tokens are in the data is worth, without a look at the
// text.
type Guess struct {
	Accuracy   float64 // of always saying the commonest token
	Perplexity float64 // of their frequencies
}

// unigram is the guess by the frequencies of tokens that are ordinary, or of all where
// that is nil.
func (b *Builder) unigram(ordinary []bool) Guess {
	most, all, sum := 0, 0, 0.0
	for id, n := range b.Counts {
		if n > 0 && (ordinary == nil || ordinary[id]) {
			most, all = max(most, n), all+n
			sum += float64(n) * math.Log(float64(n))
		}
	}
	if all == 0 {
		return Guess{Accuracy: 1 / float64(b.Vocabulary), Perplexity: float64(b.Vocabulary)}
	}
	n := float64(all)
	return Guess{Accuracy: float64(most) / n, Perplexity: math.Exp(math.Log(n) - sum/n)}
}
