package pretext

import (
	"sslpipe/internal/tf"
)

// choice is what is to be predicted of the texts of a batch.
type choice struct {
	at     tf.Output // int32 [N, K], positions
	counts tf.Output // float32 [N, K], 1 at positions that are hidden; 0 at those that fill up a short text's row
	hidden tf.Output // bool [N, L]
}

// choose draws which tokens [N, L] are to be predicted: of each text those with the
// largest draws, so that their number is exact.
func (t *MaskedToken) choose(b *Builder, tokens tf.Output) choice {
	g := b.Graph().Scope("choose")
	length, most := tokens.Dim(1), t.hidden(tokens.Dim(1))
	ordinary := g.Gather(g.Const(b.ordinary()), tokens, 0)
	budget := g.ExpandDims(t.budget(g, ordinary), 1) // [N, 1]
	draws := b.draws(0)
	if t.WholeWord {
		draws, ordinary = wholeWords(b, tokens, draws, ordinary, budget)
	}
	scores := g.Select(ordinary, draws, g.Scalar(-1))
	if t.WholeWord {
		budget = wholeBudget(g, scores, budget)
	}
	_, at := g.TopK(scores, most)
	ranks := make([]float32, most)
	for i := range ranks {
		ranks[i] = float32(i)
	}
	counts := g.Cast(g.Less(g.Const(ranks), budget), tf.Float32)
	spots := g.Mul(g.OneHot(at, length), g.ExpandDims(counts, 2)) // [N, K, L]
	return choice{at: at, counts: counts, hidden: g.Greater(g.Sum(spots, false, 1), g.Scalar(0.5))}
}

// budget is how many tokens of each text are hidden, float32 [N].
func (t *MaskedToken) budget(g *tf.Graph, ordinary tf.Output) tf.Output {
	table := make([]float32, ordinary.Dim(1)+1)
	for n := range table {
		table[n] = float32(t.hidden(n))
	}
	return g.Gather(g.Const(table), count(g, ordinary, 1), 0)
}

// count is how many bools are true along an axis, int32.
func count(g *tf.Graph, x tf.Output, axis int) tf.Output {
	return g.Sum(g.Cast(x, tf.Int32), false, axis)
}

// corrupt replaces tokens [N, L] that are hidden: most by [MASK], some by any ordinary
// token, and some not at all.
func (t *MaskedToken) corrupt(b *Builder, tokens, hidden tf.Output) tf.Output {
	g := b.Graph().Scope("corrupt")
	how, which := b.draws(1), b.draws(2)
	var ordinary []int32
	for id, is := range b.ordinary() {
		if is {
			ordinary = append(ordinary, int32(id))
		}
	}
	// A draw is a multiple of 2^-24 below 1, so that no product reaches the length.
	random := g.Gather(g.Const(ordinary), g.Cast(g.Mul(which, g.Scalar(float64(len(ordinary)))), tf.Int32), 0)
	mask := g.Less(how, g.Scalar(t.MaskShare))
	other := g.Less(how, g.Scalar(t.MaskShare+t.RandomShare))
	instead := g.Select(mask, g.Const(b.Tokenizer.Special().Mask), g.Select(other, random, tokens))
	return g.Select(hidden, instead, tokens)
}

// draws are the numbers of the task for each position, float32 [N, L], of which it has
// several kinds.
func (b *Builder) draws(kind int) tf.Output {
	n, length := b.Views[0].Dim(0), b.Views[0].Dim(1)
	return b.Graph().Slice(b.Draws, []int{0, kind * length}, []int{n, length})
}

// ordinary tells for each token whether it stands for text.
func (b *Builder) ordinary() []bool {
	s := b.Tokenizer.Special()
	table := make([]bool, b.Vocabulary)
	for id := range table {
		table[id] = !s.Has(int32(id))
	}
	return table
}
