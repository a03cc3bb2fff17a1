package nn

import "sslpipe/internal/tf"

// The layers of transformers as single operations, where a net is Fused and trains.
// Beside being faster they keep no attention weights: memory is linear in the length.

// whole tells whether layers of transformers become single operations.
func (n *Net) whole() bool { return n.fused && n.training }

// wholeDense is Dense for x [..., D] with what d says beside the bias, which it has.
func (n *Net) wholeDense(name string, x tf.Output, units int, init Initializer, d tf.Dense) tf.Output {
	w := n.Variable(name+"/kernel", tf.Shape{int64(x.Dim(-1)), int64(units)}, init, true)
	d.Bias = n.Variable(name+"/bias", tf.Shape{int64(units)}, Zeros, true).Read()
	return n.g.Scope(name).FusedDense(x, w.Read(), d)
}

// wholeAttention is attention without dropout.
func (n *Net) wholeAttention(a Attention, x, residual tf.Output) tf.Output {
	part := func(layer string) tf.Output { return n.wholeDense(a.Name+"/"+layer, x, x.Dim(-1), a.Init, tf.Dense{}) }
	query, key, value := part("query"), part("key"), part("value")
	if a.Codes.Valid() {
		g := n.g.Scope(a.Name)
		query, key = g.FusedRotation(query, a.Codes, a.Heads), g.FusedRotation(key, a.Codes, a.Heads)
	}
	y := n.g.Scope(a.Name).FusedAttention(query, key, value, tf.Attention{Heads: a.Heads, Present: a.Present, Causal: a.Causal})
	return n.wholeDense(a.Name+"/output", y, x.Dim(-1), a.Init, tf.Dense{Residual: residual})
}

// Embedding returns the rows of table [V, D] that ids, int32 of any shape, name:
// [..., D].
func (n *Net) Embedding(table, ids tf.Output) tf.Output {
	if n.whole() {
		return n.g.FusedEmbedding(table, ids)
	}
	return n.g.Gather(table, ids, 0)
}

// TiedLogits scores the rows of table [V, D] for each of x [N, D], and adds bias [V],
// unless it is the zero Output: the logits [N, V] of a head that shares its kernel with
// the embeddings (Press and Wolf, EACL 2017, arXiv:1608.05859).
func (n *Net) TiedLogits(x, table, bias tf.Output) tf.Output {
	if n.whole() {
		return n.g.FusedDense(x, table, tf.Dense{Bias: bias, Transposed: true})
	}
	logits := n.product(n.g, x, table, func(x, table tf.Output) tf.Output { return n.g.MatMul(x, table, false, true) })
	if !bias.Valid() {
		return logits
	}
	return n.g.BiasAdd(logits, bias)
}

// TokenCrossEntropy is CrossEntropy without smoothing, of logits over a vocabulary
// [N, V] with labels int32 [N]. A label outside 0..V-1 has the loss 0.
func (n *Net) TokenCrossEntropy(logits, labels tf.Output) tf.Output {
	if n.whole() {
		return n.g.FusedCrossEntropy(logits, labels)
	}
	return CrossEntropy(n.g, logits, labels, 0)
}
