package pretext

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/tokenizer"
	"sslpipe/internal/transform"
)

// hiding is what a task does to texts.
type hiding struct {
	at     []int32 // [N, K]
	counts []float32
	hidden []bool  // [N, L]
	seen   []int32 // [N, L]
}

// hide applies a task to texts [N, L] by the draws of an epoch.
func hide(t *testing.T, task *MaskedToken, tok *tokenizer.Tokenizer, tokens []int32, length, epoch int) hiding {
	t.Helper()
	tftest.Load(t)
	n := len(tokens) / length
	draws, examples := make([]float32, 3*len(tokens)), make([]int, n)
	for i := range examples {
		examples[i] = i
	}
	transform.Fill(draws, 3*length, 5, epoch, 0, examples)
	g := tf.NewGraph()
	net := nn.NewNet(g, 1)
	b := NewBuilder(Inputs{
		Views: []tf.Output{g.Reshape(g.Const(tokens), n, length)}, Draws: g.Reshape(g.Const(draws), n, 3*length),
		Vocabulary: tok.Size(), Tokenizer: tok,
	}, net, net, Network{})
	chosen := task.choose(b, b.Views[0])
	seen := task.corrupt(b, b.Views[0], chosen.hidden)
	out, err := tftest.Session(t, g).Run(nil, []tf.Output{chosen.at, chosen.counts, chosen.hidden, seen})
	if err != nil {
		t.Fatal(err)
	}
	return hiding{slices.Clone(out[0].Int32s()), slices.Clone(out[1].Float32s()), slices.Clone(out[2].Bools()), slices.Clone(out[3].Int32s())}
}

func masking() *MaskedToken { return maskedToken.New().(*MaskedToken) }

func isSpecial(tok *tokenizer.Tokenizer, id int32) bool {
	s := tok.Special()
	return slices.Contains([]int32{s.Pad, s.Unknown, s.Start, s.End, s.Mask}, id)
}

// Of each text an exact number of ordinary tokens is hidden, which are those that count
// in the loss; nothing else changes.
func TestAnExactNumberOfTokensIsHidden(t *testing.T) {
	tok := wordPieces(t)
	const n = 40
	tokens := texts(tok, n)
	copy(tokens[:textLength], make([]int32, textLength)) // the first is empty
	for _, ratio := range []float64{0.15, 0.5} {
		task := masking()
		task.Ratio = ratio
		h := hide(t, task, tok, tokens, textLength, 0)
		most := len(h.at) / n
		for i := range n {
			text, ordinary := tokens[i*textLength:(i+1)*textLength], 0
			for _, id := range text {
				if !isSpecial(tok, id) {
					ordinary++
				}
			}
			want := 0
			if ordinary > 0 {
				want = max(1, int(math.Round(ratio*float64(ordinary)+1e-9)))
			}
			counted := map[int32]bool{}
			for k, at := range h.at[i*most : (i+1)*most] {
				if h.counts[i*most+k] == 1 {
					counted[at] = true
				}
			}
			if len(counted) != want {
				t.Errorf("ratio %v: %d of %d tokens count, want %d", ratio, len(counted), ordinary, want)
			}
			for j, id := range text {
				at := i*textLength + j
				switch {
				case h.hidden[at] != counted[int32(j)]:
					t.Errorf("text %d, token %d: hidden is %v, and it counts is %v", i, j, h.hidden[at], counted[int32(j)])
				case h.hidden[at] && isSpecial(tok, id):
					t.Errorf("text %d: special token %d is hidden", i, id)
				case !h.hidden[at] && h.seen[at] != id:
					t.Errorf("text %d: token %d is not hidden and became %d", i, id, h.seen[at])
				case h.seen[at] != id && h.seen[at] != tok.Special().Mask && isSpecial(tok, h.seen[at]):
					t.Errorf("text %d: token %d became the special token %d", i, id, h.seen[at])
				}
			}
		}
	}
}

// within fails unless a count of n trials is within five deviations of what a
// probability makes of them.
func within(t *testing.T, what string, count, n int, p float64) {
	t.Helper()
	if mean, deviation := float64(n)*p, math.Sqrt(float64(n)*p*(1-p)); math.Abs(float64(count)-mean) > 5*deviation {
		t.Errorf("%s: %d of %d, want %.0f ± %.0f", what, count, n, mean, deviation)
	}
}

// What is hidden is drawn anew in every epoch, evenly over positions, and is replaced
// by [MASK], by any ordinary token or not at all, in the shares of the paper.
func TestSharesOfHiddenTokens(t *testing.T) {
	tok := wordPieces(t)
	const n, length, epochs = 256, 40, 8
	tokens := make([]int32, n*length)
	for i := range tokens {
		tokens[i] = int32(5 + i%(tok.Size()-5))
	}
	ordinary := tok.Size() - 5
	masked, other, kept, hidden := 0, 0, 0, 0
	positions, instead := make([]int, length), make([]int, tok.Size())
	var before []bool
	for epoch := range epochs {
		h := hide(t, masking(), tok, tokens, length, epoch)
		if slices.Equal(h.hidden, before) {
			t.Fatal("two epochs hide the same tokens")
		}
		before = h.hidden
		for i, is := range h.hidden {
			if !is {
				continue
			}
			hidden++
			positions[i%length]++
			switch h.seen[i] {
			case tok.Special().Mask:
				masked++
			case tokens[i]:
				kept++
			default:
				other++
				instead[h.seen[i]]++
			}
		}
	}
	if want := n * epochs * 6; hidden != want { // 15 % of 40
		t.Errorf("%d tokens are hidden, want %d", hidden, want)
	}
	within(t, "[MASK]", masked, hidden, 0.8)
	within(t, "other tokens", other, hidden, 0.1*float64(ordinary-1)/float64(ordinary))
	within(t, "the same token", kept, hidden, 0.1+0.1/float64(ordinary))
	for at, count := range positions {
		within(t, "position", count, n*epochs, 0.15)
		if count == 0 {
			t.Errorf("position %d is never hidden", at)
		}
	}
	for id := 5; id < tok.Size(); id++ {
		within(t, "replacement "+tok.Token(int32(id)), instead[id], other, 1/float64(ordinary))
	}
}

// With whole_word a word is hidden with all of its tokens or not at all.
func TestWholeWords(t *testing.T) {
	tok := wordPieces(t)
	const n = 60
	tokens := texts(tok, n)
	task := masking()
	task.Ratio, task.WholeWord = 0.3, true
	parts, whole, most := 0, 0, 0
	for epoch := range 4 {
		h := hide(t, task, tok, tokens, textLength, epoch)
		for i := range n {
			ordinary, hidden := 0, 0
			for j := range textLength {
				at := i*textLength + j
				if isSpecial(tok, tokens[at]) {
					continue
				}
				ordinary++
				if h.hidden[at] {
					hidden++
				}
				follows := j > 0 && tok.Continues(tokens[at]) && !isSpecial(tok, tokens[at-1])
				if follows && h.hidden[at] != h.hidden[at-1] {
					t.Fatalf("text %d: %q is hidden is %v, and what it continues, %q, %v", i,
						tok.Token(tokens[at]), h.hidden[at], tok.Token(tokens[at-1]), h.hidden[at-1])
				}
				if follows && h.hidden[at] {
					parts++
				}
			}
			if hidden > task.hidden(ordinary) {
				t.Fatalf("text %d: %d of %d tokens are hidden, more than %d", i, hidden, ordinary, task.hidden(ordinary))
			}
			whole, most = whole+hidden, most+task.hidden(ordinary)
		}
	}
	if parts < 50 {
		t.Errorf("%d pieces that continue a word are hidden: the test looks at too few", parts)
	}
	if whole < most*3/4 {
		t.Errorf("%d of at most %d tokens are hidden", whole, most)
	}
}
