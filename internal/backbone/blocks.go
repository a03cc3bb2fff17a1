package backbone

import (
	"fmt"
	"math"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// What vit and transformer have in common.
const (
	layerNormEpsilon = 1e-6
	embedName        = "embed"
	finalNormName    = "norm"
	positionsLearned = "learned"
	positionsSinCos  = "sincos"
	positionsRotary  = "rotary"
	// tokenDeviation is the standard deviation of the first values of positions and of
	// what stands for tokens.
	tokenDeviation = 0.02
)

// stack is a stack of equal blocks.
type stack struct {
	width, depth, heads int
	mlpRatio            float64
	drop                float64 // stochastic depth of the last block
}

func blockName(i int) string { return fmt.Sprintf("blocks/%d", i) }

// names are those of the embedding and of the blocks.
func (s stack) names() []string {
	names := []string{embedName}
	for i := range s.depth {
		names = append(names, blockName(i))
	}
	return names
}

func (s stack) hidden() int { return int(math.Round(s.mlpRatio * float64(s.width))) }

// build applies the blocks, each configured as b, to tokens [N, L, D], and returns the
// tokens before and after every block. The rate of stochastic depth rises from 0 in
// the first block (Huang et al., ECCV 2016, arXiv:1603.09382).
func (s stack) build(n *nn.Net, b nn.Block, x tf.Output) []tf.Output {
	all := []tf.Output{x}
	b.Hidden, b.Epsilon, b.Attention.Heads = s.hidden(), layerNormEpsilon, s.heads
	for i := range s.depth {
		b.Name, b.DropPath = blockName(i), s.drop*float64(i)/float64(max(s.depth-1, 1))
		x = n.TransformerBlock(b, x)
		all = append(all, x)
	}
	return all
}

// activations is how many values all products of matrices together put out for length
// tokens: the embedding, and in each block the query, key, value and output, the
// scores and what they mix, and both layers of the MLP.
func (s stack) activations(length int) int64 {
	l, d := int64(length), int64(s.width)
	return l*d + int64(s.depth)*(6*l*d+int64(s.heads)*l*l+l*int64(s.hidden()))
}

// validate reports what no network can be made of. Sines and cosines need widths that
// are multiples of codes.
func (s stack) validate(positions string, codes int) []schema.Problem {
	var found []schema.Problem
	report := func(field, format string, args ...any) {
		found = append(found, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	if s.heads > 0 && s.width%s.heads != 0 {
		report("heads", "heads must divide width, and %d does not divide %d.", s.heads, s.width)
	}
	if positions == positionsSinCos && s.width%codes != 0 {
		report("width", "With positions = %q width must be a multiple of %d, and %d is not.", positionsSinCos, codes, s.width)
	}
	if positions == positionsRotary && s.heads > 0 && s.width%(2*s.heads) != 0 {
		report("width", "With positions = %q each head must have an even width, so width must be a multiple of twice the heads: %d, and %d is not.", positionsRotary, 2*s.heads, s.width)
	}
	if s.hidden() < 1 {
		report("mlp_ratio", "mlp_ratio must be large enough for one number in the MLP, and %v of a width of %d is not.", s.mlpRatio, s.width)
	}
	return found
}

// below1 reports a share that is not at least 0 and below 1.
func below1(field string, x float64) []schema.Problem {
	if x >= 0 && x < 1 {
		return nil
	}
	return []schema.Problem{{Field: field, Message: fmt.Sprintf("%s must be at least 0 and below 1, not %v.", field, x)}}
}
