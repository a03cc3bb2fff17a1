package tokenizer

import (
	"slices"
	"strings"
	"testing"
)

// Any bytes come back from BPE, and neither kind gives ids that it does not have or
// special tokens that nobody wrote.
func FuzzEncode(f *testing.F) {
	for _, line := range goldenLines(f) {
		f.Add(line.Text)
	}
	bpe, wordPiece := golden(f, "bpe"), golden(f, "wordpiece")
	f.Fuzz(func(t *testing.T, text string) {
		if got := bpe.Decode(bpe.Encode(text)); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
		if got := strings.Join(slices.Collect(splitGPT2(text)), ""); got != text {
			t.Errorf("the words of %q are %q", text, got)
		}
		for _, tok := range []*Tokenizer{bpe, wordPiece} {
			checkIDs(t, tok, text)
		}
	})
}

func checkIDs(t *testing.T, tok *Tokenizer, text string) {
	t.Helper()
	ids := tok.Encode(text)
	for _, id := range ids {
		if id < 0 || int(id) >= tok.Size() || tok.Special().Has(id) && (id != tok.Special().Unknown || tok.Kind() == "bpe") {
			t.Errorf("%s: %q has the id %d", tok.Kind(), text, id)
		}
	}
	if again := fresh(tok).Encode(text); !slices.Equal(ids, again) {
		t.Errorf("%s: %q is %v and then %v", tok.Kind(), text, ids, again)
	}
	if !strings.Contains(text, "[") && !slices.Equal(ids, tok.EncodeWithSpecials(text)) {
		t.Errorf("%s: %q has special tokens", tok.Kind(), text)
	}
	tok.Decode(tok.EncodeWithSpecials(text))
}

// Whatever a file holds, reading it ends, and what is read can be used and written.
func FuzzOpen(f *testing.F) {
	for _, file := range []string{small(bpeFile), small(wordPieceFile), "", "null", "{}", `{"version": "1.0"}`} {
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file string) {
		tok, err := parse([]byte(file))
		if err != nil {
			return
		}
		for _, text := range []string{"", "a ab aab b", "[MASK] [a", "\xff é中"} {
			tok.Decode(append(tok.Encode(text), tok.EncodeWithSpecials(text)...))
		}
		text, err := tok.marshal()
		if err != nil {
			t.Fatal(err)
		}
		again, err := parse(text)
		if err != nil {
			t.Fatalf("what was written is refused: %v\n%s", err, text)
		}
		if !slices.Equal(again.tokens, tok.tokens) || again.Special() != tok.Special() {
			t.Errorf("%q comes back as %q", tok.tokens, again.tokens)
		}
	})
}
