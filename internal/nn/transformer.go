package nn

import (
	"math"

	"sslpipe/internal/tf"
)

// LayerNorm normalises each vector along the last axis of x to mean 0 and variance 1
// (Ba, Kiros and Hinton, 2016, arXiv:1607.06450), and applies name/gamma and
// name/beta. It is the same in training and in inference.
func (n *Net) LayerNorm(name string, x tf.Output, epsilon float64) tf.Output {
	d := x.Dim(-1)
	if x.Rank() < 2 || d < 1 {
		return n.g.Failf("layer-norm %s wants [..., D], not %v", name, x.Shape())
	}
	gamma := n.Variable(name+"/gamma", tf.Shape{int64(d)}, Ones, true).Read()
	beta := n.Variable(name+"/beta", tf.Shape{int64(d)}, Zeros, true).Read()
	g := n.g.Scope(name)
	if n.whole() {
		return g.FusedLayerNorm(x, gamma, beta, epsilon)
	}
	rows := g.Reshape(n.Widen(x), -1, d)
	centred := g.Sub(rows, g.Mean(rows, true, 1))
	variance := g.Mean(g.Square(centred), true, 1)
	y := g.Mul(centred, g.Rsqrt(g.Add(variance, g.Scalar(epsilon))))
	return g.Cast(g.ReshapeLike(g.Add(g.Mul(y, gamma), beta), x, x.Shape().Ints()...), x.DType())
}

// GELU returns x times the share of a standard normal below x, by the error function
// and not by the approximation with tanh (Hendrycks and Gimpel, 2016,
// arXiv:1606.08415).
func GELU(g *tf.Graph, x tf.Output) tf.Output {
	half := g.Scalar(0.5)
	below := g.Add(g.Mul(g.Erf(g.Mul(x, g.Scalar(math.Sqrt2/2))), half), half)
	return g.Mul(x, below)
}

// MLP widens each vector of x [N, L, D] to hidden numbers by name/expand, applies
// GELU, and brings it back to D by name/project.
func (n *Net) MLP(name string, x tf.Output, hidden int, init Initializer) tf.Output {
	d := x.Dim(-1)
	if x.Rank() != 3 || d < 1 {
		return n.g.Failf("MLP %s wants [N, L, D], not %v", name, x.Shape())
	}
	return n.mlp(name, x, hidden, init, tf.Output{})
}

// mlp is MLP with residual added, unless that is the zero Output.
func (n *Net) mlp(name string, x tf.Output, hidden int, init Initializer, residual tf.Output) tf.Output {
	d := x.Dim(-1)
	if n.whole() {
		y := n.wholeDense(name+"/expand", x, hidden, init, tf.Dense{GELU: true})
		return n.wholeDense(name+"/project", y, d, init, tf.Dense{Residual: residual})
	}
	g := n.g.Scope(name)
	y := n.Dense(name+"/expand", g.Reshape(x, -1, d), hidden, init)
	y = n.Dense(name+"/project", GELU(g, y), d, init)
	return added(g, residual, g.ReshapeLike(y, x, x.Dim(0), x.Dim(1), d))
}

// added adds a residual to y, unless that is the zero Output.
func added(g *tf.Graph, residual, y tf.Output) tf.Output {
	if !residual.Valid() {
		return y
	}
	return g.Add(residual, y)
}

// Block configures a block of a transformer: attention and an MLP, each in a residual
// branch with a layer-norm.
type Block struct {
	Name      string
	Attention Attention // its Name and Init are the block's, by which its layers are Name/attention/...
	Hidden    int       // numbers between the two layers of the MLP
	// PostNorm normalises the sum of a branch and what it was added to, as in the
	// original transformer and in BERT; otherwise what the branch reads, as in GPT-2
	// and ViT.
	PostNorm   bool
	Epsilon    float64 // of layer-norm
	LayerScale float64 // first value of a factor for each channel of a branch (Touvron et al., ICCV 2021, arXiv:2103.17239); 0: none
	Dropout    float64 // of what a branch adds, while training
	DropPath   float64 // probability of leaving out a branch of an example, while training
	Init       Initializer
}

// TransformerBlock applies a block to the tokens x [N, L, D], and returns [N, L, D].
// Its layers are Name/norm1, /attention, /norm2 and /mlp, with /scale1 and /scale2
// where there is a layer scale.
func (n *Net) TransformerBlock(b Block, x tf.Output) tf.Output {
	x = n.branch(b, "1", x, func(x, residual tf.Output) tf.Output {
		a := b.Attention
		a.Name, a.Init = b.Name+"/attention", b.Init
		return n.attention(a, x, residual)
	})
	return n.branch(b, "2", x, func(x, residual tf.Output) tf.Output {
		return n.mlp(b.Name+"/mlp", x, b.Hidden, b.Init, residual)
	})
}

// branch adds what f makes of x to x, with the norm, the scale and the noise of the
// block. Where nothing comes between, f itself adds what it is told.
func (n *Net) branch(b Block, number string, x tf.Output, f func(x, residual tf.Output) tf.Output) tf.Output {
	norm := func(x tf.Output) tf.Output { return n.LayerNorm(b.Name+"/norm"+number, x, b.Epsilon) }
	in := x
	if !b.PostNorm {
		in = norm(x)
	}
	y := n.summed(b, number, x, in, f)
	if b.PostNorm {
		return norm(y)
	}
	return y
}

func (n *Net) summed(b Block, number string, x, in tf.Output, f func(x, residual tf.Output) tf.Output) tf.Output {
	noise := n.training && (b.Dropout != 0 || b.DropPath != 0)
	if b.LayerScale == 0 && !noise {
		return f(in, x)
	}
	y := f(in, tf.Output{})
	g := n.g.Scope(b.Name)
	if b.LayerScale != 0 {
		d := y.Dim(-1)
		y = g.Mul(y, n.Variable(b.Name+"/scale"+number+"/gamma", tf.Shape{int64(d)}, constant(b.LayerScale), true).Read())
	}
	y = n.Dropout(b.Name+"/dropout"+number, y, b.Dropout)
	return g.Add(x, n.DropPath(b.Name+"/drop_path"+number, y, b.DropPath))
}

// constant fills with a value.
func constant(value float64) Initializer {
	return func(g *tf.Graph, _ [2]int64, shape tf.Shape) tf.Output { return filled(g, shape, value) }
}
