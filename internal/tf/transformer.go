package tf

import "slices"

// Layers of transformers as single operations on the CPU (package kernels), which
// move less memory than TensorFlow's and keep no attention weights. All are float32,
// with sizes of the last axes known before a run; gradients flow through them in
// graphs that are trained, and no exported model holds one.

// FusedLayerNorm normalises each vector of x [..., C] (Ba et al., arXiv:1607.06450):
// gamma*(x-mean)/sqrt(variance+epsilon) + beta, with gamma and beta [C].
func (g *Graph) FusedLayerNorm(x, gamma, beta Output, epsilon float64) Output {
	outs := g.Op("SslpipeLayerNorm", Attrs{"epsilon": epsilon}, x, gamma, beta)
	if g.err != nil {
		return Output{}
	}
	g.setShape(outs[0], x.Shape())
	gradients := func(dy Output, wanted []bool) []Output {
		attrs := Attrs{"input_gradient": wanted[0], "weight_gradients": wanted[1] || wanted[2]}
		back := g.backward().Op("SslpipeLayerNormGrad", attrs, x, gamma, outs[1], outs[2], dy)
		return g.gradientsOf([]Output{x, gamma, beta}, back, []bool{wanted[0], wanted[1] || wanted[2], wanted[1] || wanted[2]})
	}
	return g.around(outs[0], []Output{x, gamma, beta}, gradients)
}

// Dense says what FusedDense does beside the product.
type Dense struct {
	Bias     Output // [N], unless it is the zero Output
	Residual Output // [..., N], added at the end, unless it is the zero Output
	GELU     bool   // x/2*(1+erf(x/sqrt(2))) behind the bias (Hendrycks and Gimpel, arXiv:1606.08415)
	// Transposed says that the kernel is [N, K], as a table of embeddings is that
	// logits are made with.
	Transposed bool
}

// FusedDense is GELU(x*kernel + bias) + residual of x [..., K] and kernel [K, N], as d
// says. It returns [..., N].
func (g *Graph) FusedDense(x, kernel Output, d Dense) Output {
	inputs, biases, residuals := []Output{x, kernel}, d.list(d.Bias), d.list(d.Residual)
	inputs = append(append(inputs, biases...), residuals...)
	attrs := Attrs{"biases": len(biases), "residuals": len(residuals), "gelu": d.GELU, "transposed": d.Transposed}
	outs := g.build("SslpipeDense", "", attrs, []argument{{one: x}, {one: kernel}, {list: biases, isList: true}, {list: residuals, isList: true}})
	if g.err != nil {
		return Output{}
	}
	shape := slices.Clone(x.Shape())
	if shape != nil {
		shape[len(shape)-1] = int64(d.units(kernel))
		g.setShape(outs[0], shape)
	}
	if d.GELU && shape != nil {
		g.setShape(outs[1], shape)
	}
	return g.around(outs[0], inputs, func(dy Output, wanted []bool) []Output {
		return g.denseGradients(d, x, kernel, outs[1], inputs, dy, wanted)
	})
}

func (d Dense) list(o Output) []Output {
	if o.Valid() {
		return []Output{o}
	}
	return nil
}

func (d Dense) units(kernel Output) int {
	if d.Transposed {
		return kernel.Dim(0)
	}
	return kernel.Dim(1)
}

// denseGradients are those of x, the kernel, the bias and the residual, as far as they are there and wanted.
func (g *Graph) denseGradients(d Dense, x, kernel, z Output, inputs []Output, dy Output, wanted []bool) []Output {
	biased := d.Bias.Valid() && wanted[2]
	grads := make([]Output, len(inputs))
	if d.Residual.Valid() {
		grads[len(grads)-1] = dy
	}
	made := []bool{wanted[0], wanted[1], biased}
	if !slices.Contains(made, true) {
		return grads
	}
	attrs := Attrs{"gelu": d.GELU, "transposed": d.Transposed, "input_gradient": wanted[0], "kernel_gradient": wanted[1], "bias_gradient": biased}
	back := g.backward().Op("SslpipeDenseGrad", attrs, x, kernel, z, dy)
	ins := []Output{x, kernel}
	if d.Bias.Valid() {
		ins = append(ins, d.Bias)
	}
	copy(grads, g.gradientsOf(ins, back, made))
	return grads
}

// Attention says how FusedAttention sees.
type Attention struct {
	Heads int
	// Present, float32 [N, L], is 0 where a key is hidden from all queries; the zero
	// Output hides none.
	Present Output
	Causal  bool // no query sees a later position
}

// FusedAttention is softmax(q*k'/sqrt(D) + masks)*v for each example and each of
// Heads parts D wide of the last axis (Vaswani et al., NeurIPS 2017,
// arXiv:1706.03762): q, k, v and the result are [N, L, Heads*D]. A query that would
// see no key sees all hidden ones alike. Memory grows with L, not with its square
// (Dao et al., NeurIPS 2022, arXiv:2205.14135).
func (g *Graph) FusedAttention(q, k, v Output, a Attention) Output {
	var masks []Output
	if a.Present.Valid() {
		masks = []Output{a.Present}
	}
	attrs := Attrs{"masks": len(masks), "heads": a.Heads, "causal": a.Causal}
	in := []Output{q, k, v}
	outs := g.build("SslpipeAttention", "", attrs, append(single(in), argument{list: masks, isList: true}))
	if g.err != nil {
		return Output{}
	}
	g.setShape(outs[0], q.Shape())
	if s := q.Shape(); len(s) == 3 {
		g.setShape(outs[1], Shape{s[0], int64(a.Heads), s[1]})
	}
	return g.around(outs[0], in, func(dy Output, _ []bool) []Output {
		back := g.backward().build("SslpipeAttentionGrad", "", attrs,
			append(single(in), argument{list: masks, isList: true}, argument{one: outs[1]}, argument{one: dy}))
		return g.gradientsOf(in, back, []bool{true, true, true})
	})
}

// FusedRotation turns numbers i and i + D/2 of each of heads parts D wide of the last
// axis of x [N, L, heads*D], as a point of a plane, by angle i of the position: codes
// [L, D] holds the sines of D/2 angles, then their cosines. What two positions that
// are turned have in common depends on how far apart they are, and not on where (Su et
// al., arXiv:2104.09864). No gradient goes to codes.
func (g *Graph) FusedRotation(x, codes Output, heads int) Output {
	return g.around(g.rotated(x, codes, heads, false), []Output{x}, func(dy Output, _ []bool) []Output {
		return g.gradientsOf([]Output{x}, []Output{g.backward().rotated(dy, codes, heads, true)}, []bool{true})
	})
}

func (g *Graph) rotated(x, codes Output, heads int, back bool) Output {
	y := g.Op("SslpipeRotate", Attrs{"heads": heads, "back": back}, x, codes)[0]
	g.setShape(y, x.Shape())
	return y
}

// FusedCrossEntropy returns the softmax cross-entropy of logits [N, K] with labels
// int32 [N] for each example, [N]. A label outside 0..K-1 has the loss 0 and no
// gradient.
func (g *Graph) FusedCrossEntropy(logits, labels Output) Output {
	outs := g.Op("SslpipeCrossEntropy", nil, logits, labels)
	if g.err != nil {
		return Output{}
	}
	for _, o := range outs[:2] {
		g.setShape(o, labels.Shape())
	}
	return g.around(outs[0], []Output{logits}, func(dy Output, _ []bool) []Output {
		back := g.backward().Op("SslpipeCrossEntropyGrad", nil, logits, labels, outs[1], dy)
		return g.gradientsOf([]Output{logits}, back, []bool{true})
	})
}

// FusedEmbedding returns the rows of table [V, C] that ids, int32 of any shape, name:
// [..., C]. It is Gather with a gradient that is summed in the order of the ids, by
// several threads; an id out of range is an error of the run.
func (g *Graph) FusedEmbedding(table, ids Output) Output {
	y := g.Gather(table, ids, 0)
	if g.err == nil && table.Dim(0) < 1 {
		return g.Failf("FusedEmbedding: the number of rows of %s %s is unknown", table.Name(), table.Shape())
	}
	return g.around(y, []Output{table}, func(dy Output, _ []bool) []Output {
		back := g.backward().Op("SslpipeEmbeddingGrad", Attrs{"rows": table.Dim(0)}, ids, dy)
		return g.gradientsOf([]Output{table}, back, []bool{true})
	})
}
