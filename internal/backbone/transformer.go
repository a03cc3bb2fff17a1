package backbone

import (
	"fmt"
	"math"

	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var transformer = schema.Variant{
	Name:    "transformer",
	Doc:     "Transformer over tokens of text: an encoder as BERT, or a decoder that looks back only, as GPT-2.",
	Paper:   "Vaswani et al., NeurIPS 2017, arXiv:1706.03762; Devlin et al., NAACL 2019 (BERT), arXiv:1810.04805; Radford et al., 2019 (GPT-2); Su et al., 2021 (rotary positions), arXiv:2104.09864",
	Version: 1,
	New: func() any {
		return &Transformer{Width: 128, Depth: 4, Heads: 4, MLPRatio: 4, Norm: normPre, Positions: positionsRotary, Pool: poolMean}
	},
}

const (
	normPre   = "pre"
	normPost  = "post"
	poolFirst = "first"
	poolLast  = "last"
	// padding is the token that stands for none.
	padding = 0
)

// Transformer configures a network over tokens, with GELU by the error function. With
// norm "post", not causal and learned positions it is BERT, whose token types are left
// out; with norm "pre" and causal it is GPT-2. Kernels and tables start from a normal
// distribution of deviation 0.02, cut off at twice that, as BERT's, and biases at 0.
//
// Attention costs memory in proportion to the square of the length of the texts; to the
// length alone where it trains on the CPU without dropout.
type Transformer struct {
	Width      int     `hcl:"width,optional" min:"1" doc:"Numbers that stand for a token between blocks."`
	Depth      int     `hcl:"depth,optional" min:"1" max:"128" doc:"Blocks of attention and MLP."`
	Heads      int     `hcl:"heads,optional" min:"1" doc:"Heads of attention; they divide the width."`
	MLPRatio   float64 `hcl:"mlp_ratio,optional" doc:"Width of the MLP's middle, as a multiple of width."`
	CausalMask bool    `hcl:"causal,optional" doc:"A token sees itself and earlier ones only, as predicting the next token needs."`
	Norm       string  `hcl:"norm,optional" enum:"pre,post" doc:"Layer-norm before each branch and at the end, as in GPT-2, or after each sum, as in BERT, which needs a warm-up of the learning rate."`
	Positions  string  `hcl:"positions,optional" enum:"learned,sincos,rotary" doc:"How a token knows its place: learned; fixed sines and cosines, to which embeddings are scaled up; or rotary, which turns queries and keys so that attention sees distances, from the first step on."`
	MaxLength  int     `hcl:"max_length,optional" min:"0" doc:"Positions that there are, in tokens; 0 makes as many as the longest text of the data needs."`
	Dropout    float64 `hcl:"dropout,optional" doc:"Share of numbers that training drops: of the embedded tokens, of the weights of attention, and of what each branch adds."`
	Pool       string  `hcl:"pool,optional" enum:"mean,first,last" doc:"What stands for the text: the mean of its tokens, the first, or the last one, which is that to take of a causal network."`

	vocabulary, length int // of ForText
}

// Validate implements schema.Validator.
func (c *Transformer) Validate() []schema.Problem {
	found := append(c.stack().validate(c.Positions, 2), below1("dropout", c.Dropout)...)
	if c.CausalMask && c.Pool == poolFirst {
		found = append(found, schema.Problem{Field: "pool", Message: fmt.Sprintf("The first token of a causal network sees no other: use pool = %q or %q.", poolLast, poolMean)})
	}
	return found
}

// CheckSizes implements Sized: there is no image that suits.
func (c *Transformer) CheckSizes(...[2]int) []schema.Problem {
	return []schema.Problem{{Message: "A transformer reads text, and the data are images: use vit, which is a transformer over patches, or another backbone."}}
}

// CheckLength implements TextBackbone.
func (c *Transformer) CheckLength(length int) []schema.Problem {
	if c.MaxLength == 0 || length <= c.MaxLength {
		return nil
	}
	return []schema.Problem{{Field: "max_length", Message: fmt.Sprintf("The texts have up to %d tokens, and there are positions for %d: set max_length to at least %d, or to 0.", length, c.MaxLength, length)}}
}

// ForText implements TextBackbone.
func (c *Transformer) ForText(vocabulary, length int) Backbone {
	bound := *c
	bound.vocabulary, bound.length = vocabulary, length
	if c.MaxLength > 0 {
		bound.length = c.MaxLength
	}
	return &bound
}

// Causal implements TextBackbone.
func (c *Transformer) Causal() bool { return c.CausalMask }

func (c *Transformer) stack() stack {
	return stack{width: c.Width, depth: c.Depth, heads: c.Heads, mlpRatio: c.MLPRatio}
}

// Dim implements Backbone.
func (c *Transformer) Dim() int { return c.Width }

// BlockNames implements Backbone: the embedded tokens, and the blocks.
func (c *Transformer) BlockNames() []string { return c.stack().names() }

// MapSize implements Backbone: a text of w tokens is a map of 1 by w.
func (c *Transformer) MapSize(h, w int) (mapH, mapW int) { return h, w }

// Activations implements Backbone.
func (c *Transformer) Activations(h, w int) int64 { return c.stack().activations(h * w) }

// Build implements Backbone for tokens, int32 [N, L], both of which may be open.
func (c *Transformer) Build(n *nn.Net, tokens tf.Output) Features {
	g := n.Graph()
	if c.check(n, tokens); g.Err() != nil {
		return Features{}
	}
	f := Features{BlockNames: c.BlockNames()}
	f.Present = g.Cast(g.NotEqual(tokens, g.Const(int32(padding))), tf.Float32)
	table := n.Variable(embedName+"/tokens", tf.Shape{int64(c.vocabulary), int64(c.Width)}, nn.TruncatedNormal(tokenDeviation), true)
	f.Embedding = table.Read()
	block := nn.Block{
		Attention: nn.Attention{Present: f.Present, Causal: c.CausalMask, Dropout: c.Dropout},
		PostNorm:  c.Norm == normPost, Dropout: c.Dropout, Init: nn.TruncatedNormal(tokenDeviation),
	}
	if c.Positions == positionsRotary {
		block.Attention.Codes = c.placed(n, g.Const(sinCosLine(c.length, c.Width/c.Heads)), tokens)
	}
	states := c.stack().build(n, block, c.embed(n, f.Embedding, tokens))
	last := states[len(states)-1]
	if c.Norm == normPre {
		last = n.LayerNorm(finalNormName, last, layerNormEpsilon)
	}
	for _, state := range states {
		f.Blocks = append(f.Blocks, g.ExpandDims(state, 1))
	}
	f.Map = g.ExpandDims(last, 1)
	f.Pooled = c.pool(g.Scope("pool"), f)
	return f
}

func (c *Transformer) check(n *nn.Net, tokens tf.Output) {
	g := n.Graph()
	switch {
	case g.Err() != nil:
	case c.vocabulary < 1 || c.length < 1:
		g.Failf("a transformer is built for a vocabulary and a length: call ForText, with numbers above 0")
	case n.Partial():
		g.Failf("transformer has no convolutions that could leave out parts of their input")
	case tokens.Rank() != 2 || tokens.DType() != tf.Int32:
		g.Failf("transformer wants tokens int32 [N, L], not %s %v", tokens.DType(), tokens.Shape())
	case tokens.Dim(1) > c.length:
		g.Failf("there are positions for %d tokens, and the texts have %d", c.length, tokens.Dim(1))
	}
}

// embed looks up tokens [N, L] in the table and adds their positions, unless attention
// is to see them: [N, L, width].
func (c *Transformer) embed(n *nn.Net, table, tokens tf.Output) tf.Output {
	g := n.Graph().Scope(embedName)
	x := n.Embedding(table, tokens)
	switch c.Positions {
	case positionsSinCos:
		// Else the positions, of size 1, would drown the tokens (Vaswani et al., 3.4).
		x = g.Mul(x, g.Scalar(math.Sqrt(float64(c.Width))))
		x = g.Add(x, c.placed(n, g.Const(sinCosLine(c.length, c.Width)), tokens))
	case positionsLearned:
		shape := tf.Shape{int64(c.length), int64(c.Width)}
		positions := n.WithoutDecay().Variable(embedName+"/positions", shape, nn.TruncatedNormal(tokenDeviation), true)
		x = g.Add(x, c.placed(n, positions.Read(), tokens))
	}
	if c.Norm == normPost {
		x = n.LayerNorm(embedName+"/norm", x, layerNormEpsilon)
	}
	return n.Dropout(embedName+"/dropout", x, c.Dropout)
}

// placed is the rows of codes, one for each position that there is, of those that
// tokens [N, L] have.
func (c *Transformer) placed(n *nn.Net, codes, tokens tf.Output) tf.Output {
	if tokens.Dim(1) == c.length {
		return codes
	}
	// A slice that is too long is an error in the run as well.
	g := n.Graph().Scope(embedName)
	size := g.Stack(0, g.SizeOf(tokens, 1), g.Const(codes.Dim(1)))
	return g.Op("Slice", nil, codes, g.Ints(0, 0), size)[0]
}

// pool makes one vector of the present tokens of f. A text without a token has what
// stands at its first position, or zeros for their mean.
func (c *Transformer) pool(g *tf.Graph, f Features) tf.Output {
	switch c.Pool {
	case poolFirst:
		return g.Squeeze(g.Slice(f.Map, []int{0, 0, 0, 0}, []int{-1, -1, 1, -1}), 1, 2)
	case poolLast:
		at := g.Range(g.SizeOf(f.Present, 1))
		last := g.ArgMax(g.Mul(f.Present, g.Cast(g.Add(at, g.Const(int32(1))), tf.Float32)), 1) // [N]
		f.Present = g.Cast(g.Equal(g.ExpandDims(last, 1), at), tf.Float32)
	}
	return f.Mean(g, f.Map)
}
