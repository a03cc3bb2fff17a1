package nn

import (
	"math"

	"sslpipe/internal/tf"
)

// Attention configures multi-head self-attention (Vaswani et al., NeurIPS 2017,
// arXiv:1706.03762).
type Attention struct {
	Name  string
	Heads int // divides the width
	// Present is float32 [N, L], 1 for tokens and 0 for padding, which nothing attends
	// to; the zero Output where all are tokens.
	Present tf.Output
	// Codes turns queries and keys by the angles of their positions, float32
	// [L, D/Heads]: the sines of half as many angles, then their cosines (Su et al.,
	// arXiv:2104.09864); the zero Output turns nothing.
	Codes tf.Output
	// Causal lets a token attend to itself and to earlier ones only.
	Causal  bool
	Dropout float64     // of the weights of attention, while training
	Init    Initializer // of the kernels
}

// What is added to the score of what must not be attended to: far below any score, so
// that its weight is exactly 0. The future is further off than padding, since a row
// that may see nothing but padding attends to that, and still not to the future.
const (
	scorePadding = -1e9
	scoreFuture  = -2e9
)

// SelfAttention lets the tokens x [N, L, D] attend to each other, and returns
// [N, L, D]. Its layers are name/query, /key, /value and /output, each with a kernel
// [D, D] and a bias; N and L may be unknown. Memory is linear in N and quadratic in L:
// N*Heads*L*L numbers for the scores, and as many for the weights; where the net is
// Fused and trains without dropout of the weights, it is linear in L too.
func (n *Net) SelfAttention(a Attention, x tf.Output) tf.Output {
	return n.attention(a, x, tf.Output{})
}

// attention is SelfAttention with residual added, unless that is the zero Output.
func (n *Net) attention(a Attention, x, residual tf.Output) tf.Output {
	d := x.Dim(-1)
	if x.Rank() != 3 || a.Heads < 1 || d < 1 || d%a.Heads != 0 {
		return n.g.Failf("attention %s: tokens of the shape %v cannot be divided among %d heads", a.Name, x.Shape(), a.Heads)
	}
	if n.whole() && a.Dropout == 0 {
		return n.wholeAttention(a, x, residual)
	}
	g := n.g.Scope(a.Name)
	width := d / a.Heads
	rows := g.Reshape(x, -1, d)
	heads := func(layer string) tf.Output { // [N, heads, L, width]
		y := n.Dense(a.Name+"/"+layer, rows, d, a.Init)
		return g.Transpose(g.ReshapeLike(y, x, x.Dim(0), x.Dim(1), a.Heads, width), 0, 2, 1, 3)
	}
	query, key, value := heads("query"), heads("key"), heads("value")
	if a.Codes.Valid() {
		query, key = turned(g, query, a.Codes), turned(g, key, a.Codes)
	}
	query = g.Mul(query, g.Scalar(1/math.Sqrt(float64(width))))
	times := func(a, b tf.Output, transposed bool) tf.Output {
		return n.product(g, a, b, func(a, b tf.Output) tf.Output { return g.BatchMatMul(a, b, false, transposed) })
	}
	scores := a.masked(g, times(query, key, true))
	weights := n.Dropout(a.Name+"/weights", g.Softmax(scores), a.Dropout)
	mixed := g.Transpose(times(weights, value, false), 0, 2, 1, 3)
	y := n.Dense(a.Name+"/output", g.Reshape(mixed, -1, d), d, a.Init)
	return added(g, residual, g.ReshapeLike(y, x, x.Dim(0), x.Dim(1), d))
}

// turned is FusedRotation of x [N, heads, L, D] by codes [L, D], of stock operations.
func turned(g *tf.Graph, x, codes tf.Output) tf.Output {
	half := x.Dim(-1) / 2
	part := func(of tf.Output, i int) tf.Output {
		begin, size := make([]int, of.Rank()), make([]int, of.Rank())
		for axis := range size {
			size[axis] = -1
		}
		begin[of.Rank()-1], size[of.Rank()-1] = i*half, half
		return g.Slice(of, begin, size)
	}
	u, v, sine, cosine := part(x, 0), part(x, 1), part(codes, 0), part(codes, 1)
	return g.Concat(-1, g.Sub(g.Mul(u, cosine), g.Mul(v, sine)), g.Add(g.Mul(v, cosine), g.Mul(u, sine)))
}

// masked adds to the scores [N, heads, L, L] what keeps them from being chosen.
func (a Attention) masked(g *tf.Graph, scores tf.Output) tf.Output {
	if a.Present.Valid() {
		absent := g.Sub(g.Scalar(1), a.Present)
		row := g.ExpandDims(g.ExpandDims(absent, 1), 1) // [N, 1, 1, L]
		scores = g.Add(scores, g.Mul(row, g.Scalar(scorePadding)))
	}
	if a.Causal {
		at := g.Range(g.SizeOf(scores, 3))
		future := g.Greater(g.ExpandDims(at, 0), g.ExpandDims(at, 1)) // [L, L]
		scores = g.Add(scores, g.Mul(g.Cast(future, tf.Float32), g.Scalar(scoreFuture)))
	}
	return scores
}
