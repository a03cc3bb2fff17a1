package pretext

import "sslpipe/internal/tf"

// wholeWords gives all positions of a word one draw, and takes words with more tokens
// than the budget [N, 1] of their text out of ordinary, bool [N, L]: they could never
// be hidden as a whole.
func wholeWords(b *Builder, tokens, draws, ordinary, budget tf.Output) (common, fitting tf.Output) {
	g := b.Graph().Scope("words")
	word := wordNumbers(g, b, tokens, ordinary)
	same := g.Equal(g.ExpandDims(word, 1), g.ExpandDims(word, 2)) // [N, L, L]
	size := count(g, g.And(same, g.ExpandDims(ordinary, 1)), 2)
	// The draw is that at the place which the word's number names.
	return g.GatherBatch(draws, word), g.And(ordinary, g.LessEqual(g.Cast(size, tf.Float32), budget))
}

// wordNumbers counts the words of each text from 0, int32 [N, L]. A word is an ordinary
// token with those behind it that continue it. What is no word has the number of the
// word before.
func wordNumbers(g *tf.Graph, b *Builder, tokens, ordinary tf.Output) tf.Output {
	n, length := tokens.Dim(0), tokens.Dim(1)
	table := make([]bool, b.Vocabulary)
	for id := range table {
		table[id] = b.Tokenizer.Continues(int32(id))
	}
	continues := g.Gather(g.Const(table), tokens, 0)
	before := g.Concat(1, g.Const(make([][1]bool, n)), g.Slice(ordinary, []int{0, 0}, []int{n, length - 1}))
	begins := g.And(ordinary, g.Not(g.And(continues, before)))
	numbers := g.Sub(g.CumSum(g.Cast(begins, tf.Int32), 1), g.Const(int32(1)))
	return g.Maximum(numbers, g.Const(int32(0)))
}

// wholeBudget lowers budgets [N, 1] to what words need that they hold, the largest
// scores [N, L] first, until one has no place any more.
func wholeBudget(g *tf.Graph, scores, budget tf.Output) tf.Output {
	g = g.Scope("whole")
	notBehind := g.GreaterEqual(g.ExpandDims(scores, 1), g.ExpandDims(scores, 2)) // [N, L, L]
	needed := g.Cast(count(g, notBehind, 2), tf.Float32)
	taken := g.And(g.LessEqual(needed, budget), g.GreaterEqual(scores, g.Scalar(0)))
	return g.Cast(g.ExpandDims(count(g, taken, 1), 1), tf.Float32)
}
