package pretext

import (
	"fmt"
	"slices"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/tf"
	"sslpipe/internal/tokenizer"
)

// verses are what the tokeniser of these tests was made of.
var verses = []string{
	"In the beginning God created the heaven and the earth.",
	"And the earth was without form, and void; and darkness was upon the face of the deep.",
	"And God said, Let there be light: and there was light.",
	"Jesus wept. The LORD is my shepherd; I shall not want.",
}

// wordPieces trains a small tokeniser, with pieces that continue words.
func wordPieces(t *testing.T) *tokenizer.Tokenizer {
	t.Helper()
	variant, _ := tokenizer.Kinds.Find("wordpiece")
	trainer := variant.New().(*tokenizer.WordPiece)
	trainer.Vocabulary, trainer.MinFrequency = 72, 1
	tok, err := trainer.Train(t.Context(), slices.Values(verses), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// textLength is the number of tokens of the texts of these tests.
const textLength = 24

// texts lays out verses with special tokens and padding, and some windows without.
func texts(tok *tokenizer.Tokenizer, n int) []int32 {
	s := tok.Special()
	var all []int32
	for i := range n {
		ids := tok.Encode(verses[i%len(verses)])
		ids = ids[min(i/len(verses), len(ids)-1):]
		if i%3 > 0 {
			ids = append(append([]int32{s.Start}, ids[:min(len(ids), textLength-2-i%5)]...), s.End)
		}
		text := make([]int32, textLength)
		copy(text, ids)
		all = append(all, text...)
	}
	return all
}

// reader is a small transformer.
func reader(causal bool) *backbone.Transformer {
	variant, _ := backbone.Kinds.Find("transformer")
	network := variant.New().(*backbone.Transformer)
	network.Width, network.Depth, network.Heads, network.CausalMask = 16, 1, 2, causal
	return network
}

// textInputs makes placeholders for what a task on texts needs, and feeds them.
func (tr *trainer) textInputs(t *testing.T, task Task) Inputs {
	t.Helper()
	g, tok := tr.g, wordPieces(t)
	size := Batch{N: 16, H: 1, W: textLength, C: 1, Vocabulary: tok.Size()}
	needs := task.Needs(size)
	in := Inputs{Vocabulary: tok.Size(), Tokenizer: tok, Classes: []string{"a", "b"}, Progress: g.Scalar(0)}
	x := g.Placeholder("tokens", tf.Int32, size.N, size.W)
	fed := alloc(t, tf.Int32, size.N, size.W)
	copy(fed.Int32s(), texts(tok, size.N))
	tr.feeds[x], in.Views = fed, []tf.Output{g.Share(x)}
	if needs.Draws > 0 {
		draws := g.Placeholder("draws", tf.Float32, size.N, needs.Draws)
		tr.feeds[draws] = fedTensor(t, scattered(size.N*needs.Draws, 1), size.N, needs.Draws)
		in.Draws = g.Share(draws)
	}
	tr.step = alloc(t, tf.Int64)
	tr.step.Int64s()[0] = 0
	in.Step = g.Placeholder("step", tf.Int64)
	tr.feeds[in.Step] = tr.step
	return in
}

// Tasks on text say which networks they cannot use.
func TestTextTasksChooseTheirNetwork(t *testing.T) {
	for _, c := range []struct {
		task   Task
		causal bool
		want   string
	}{
		{&MaskedToken{}, false, "[]"},
		{&MaskedToken{}, true, `[{ masked_token predicts a token from both of its sides, and this backbone is causal: it sees earlier tokens only. Set causal = false, or use pretext "next_token".}]`},
		{&NextToken{}, true, "[]"},
		{&NextToken{}, false, `[{ next_token needs a network that sees earlier tokens only, or the next one is no secret. Set causal = true, or use pretext "masked_token".}]`},
	} {
		if got := fmt.Sprint(c.task.Check(Batch{N: 1, H: 1, W: 8, C: 1, Vocabulary: 9, Causal: Causal(reader(c.causal))})); got != c.want {
			t.Errorf("%T with causal = %v: %s, want %s", c.task, c.causal, got, c.want)
		}
	}
	if got := Fits(&MaskedToken{}, Batch{N: 1, H: 8, W: 8, C: 1}); len(got) != 1 {
		t.Errorf("masked_token on images: %v", got)
	}
	if got := (&NextToken{}).Check(Batch{N: 1, H: 1, W: 1, C: 1, Vocabulary: 9}); len(got) != 1 {
		t.Errorf("next_token on texts of one token: %v", got)
	}
	if got := (&MaskedToken{Ratio: 0.6}).Check(Batch{N: 1, H: 1, W: 1, C: 1, Vocabulary: 9}); len(got) != 1 || got[0].Field != "ratio" {
		t.Errorf("masked_token on texts of one token: %v", got)
	}
	if got := (&MaskedToken{MaskShare: 0.7, RandomShare: 0.4}).Validate(); len(got) != 1 || got[0].Field != "random_share" {
		t.Errorf("shares of more than everything: %v", got)
	}
}
