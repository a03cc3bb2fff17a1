package tokenizer

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func train(t testing.TB, trainer Trainer, texts ...string) *Tokenizer {
	t.Helper()
	tok, err := trainer.Train(t.Context(), slices.Values(texts), nil)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// written returns the file of a tokenizer.
func written(t testing.TB, tok *Tokenizer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tokenizer.json")
	if err := tok.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func names(tok *Tokenizer, ids []int32) string {
	tokens := make([]string, len(ids))
	for i, id := range ids {
		tokens[i] = tok.Token(id)
	}
	return strings.Join(tokens, " ")
}

// The pairs of "hug hug pug hugs" by hand: u+g 4 times, then h+ug 3 times, and then the
// rest occurs once.
func TestWordPiece(t *testing.T) {
	tok := train(t, &WordPiece{Vocabulary: 64, MinFrequency: 2, Lowercase: true}, "Hug hug", "pug, húgs")
	var all []int32
	for id := range int32(tok.Size()) {
		all = append(all, id)
	}
	want := "[PAD] [UNK] [CLS] [SEP] [MASK] , g h p s u ##g ##h ##p ##s ##u ##ug hug"
	if got := names(tok, all); got != want {
		t.Errorf("vocabulary is %s\nwanted        %s", got, want)
	}
	for text, want := range map[string][]int32{
		"":             nil,
		"hugs":         {17, 14},
		"HUG pug":      {17, 8, 16},
		"hug,pugs,":    {17, 5, 8, 16, 14, 5},
		"hug tug hug":  {17, 1, 17},
		"[MASK]":       {1, 1, 1},
		"p\xff\x00ug":  {8, 16},
		"\u00a0hug\t ": {17},
	} {
		if diff := cmp.Diff(want, tok.Encode(text)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	if got := tok.Decode([]int32{2, 17, 14, 5, 8, 16, 1, 17, 3, -1, 99}); got != "hugs, pug hug" {
		t.Errorf("decoded %q", got)
	}
}

// The pairs of "hug hug pug hugs" by hand: u+g 4 times, h+ug 3 times, and then the space
// with hug twice.
func TestBytePairs(t *testing.T) {
	tok := train(t, &BytePairs{Vocabulary: 264, MinFrequency: 2}, "hug hug pug hugs")
	if got := names(tok, []int32{0, 1, 2, 3, 4, 5, 260, 261, 262, 263}); got != "[PAD] [UNK] [CLS] [SEP] [MASK] ! Ń ug hug Ġhug" {
		t.Errorf("vocabulary is %s", got)
	}
	for text, want := range map[string]string{
		"":                "",
		"hugs hug":        "hug s Ġhug",
		"  hug's":         "Ġ Ġhug ' s",
		"mug\n\n hug ":    "m ug Ċ Ċ Ġhug Ġ",
		"é\xff\x00":       "Ã © ÿ Ā",
		"\u00a0 12 [PAD]": "Â ł Ġ 1 2 Ġ [ P A D ]",
	} {
		ids := tok.Encode(text)
		if got := names(tok, ids); got != want {
			t.Errorf("%q is %s, wanted %s", text, got, want)
		}
		if got := tok.Decode(ids); got != text {
			t.Errorf("%q comes back as %q", text, got)
		}
	}
}

func TestSpecials(t *testing.T) {
	want := Special{Pad: 0, Unknown: 1, Start: 2, End: 3, Mask: 4}
	for kind, cases := range map[string]map[string]string{
		"bpe":       {"th  [MASK] God[SEP]": "th [MASK] ĠGod [SEP]", "[MASK": "[ M A S K", "[CLS][PAD] [UNK]": "[CLS] [PAD] Ġ [UNK]"},
		"wordpiece": {"the  [MASK] God[SEP]": "the [MASK] god [SEP]", "[[mask]": "[ [ m ##as ##k ]"},
	} {
		tok := golden(t, kind)
		if tok.Special() != want || tok.Kind() != kind {
			t.Errorf("%s has special tokens %+v, and is of kind %s", kind, tok.Special(), tok.Kind())
		}
		for text, want := range cases {
			if got := names(tok, tok.EncodeWithSpecials(text)); got != want {
				t.Errorf("%s: %q is %s, wanted %s", kind, text, got, want)
			}
			if slices.Contains(tok.Encode(text), tok.Special().Mask) {
				t.Errorf("%s: text alone makes a mask of %q", kind, text)
			}
		}
		if got := tok.Decode(tok.EncodeWithSpecials("[CLS]the God[MASK][SEP]")); !strings.EqualFold(got, "the god") {
			t.Errorf("%s decodes specials: %q", kind, got)
		}
	}
}

func TestContinues(t *testing.T) {
	for kind, want := range map[string]string{
		"bpe":       "I|n Ġthe Ġbe|g|in|n|ing Ġ|Z|z|z|, Ċ",
		"wordpiece": "in the beg|##in|##n|##ing z|##z|##z ,",
	} {
		tok := golden(t, kind)
		var got strings.Builder
		for i, id := range tok.Encode("In the beginning Zzz,\n") {
			switch {
			case i == 0:
			case tok.Continues(id):
				got.WriteByte('|')
			default:
				got.WriteByte(' ')
			}
			got.WriteString(tok.Token(id))
		}
		if got.String() != want {
			t.Errorf("%s: %s\nwanted %s", kind, got.String(), want)
		}
		if tok.Continues(tok.Special().Mask) || tok.Continues(-1) || tok.Continues(int32(tok.Size())) || tok.Token(-1) != "" || tok.Token(int32(tok.Size())) != "" {
			t.Errorf("%s knows ids that it does not have", kind)
		}
	}
}

// Equal counts are decided by ids, so neither the order of texts nor that of maps shows.
func TestTrainingHasNoOrder(t *testing.T) {
	for _, trainer := range []Trainer{&BytePairs{Vocabulary: 600, MinFrequency: 1}, &WordPiece{Vocabulary: 900, MinFrequency: 1}} {
		texts := mixedLines(corpus(t), 3000)[:200]
		want := written(t, train(t, trainer, texts...))
		for seed := range uint64(2) {
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
			if got := written(t, train(t, trainer, texts...)); got != want {
				t.Errorf("%T: another order of texts gives another vocabulary", trainer)
			}
		}
	}
}

func TestTrainingEnds(t *testing.T) {
	var many strings.Builder // letters and words beyond any vocabulary
	for c := rune(0x4e00); c < 0x5e00; c++ {
		many.WriteString(string(c) + " x" + string(c-0x4e00+0x1200) + "y" + string(c-0x4e00+0x1200) + "y ")
	}
	for _, trainer := range []Trainer{&BytePairs{Vocabulary: 300, MinFrequency: 2}, &WordPiece{Vocabulary: 64, MinFrequency: 2}} {
		tok := train(t, trainer, many.String())
		if tok.Size() > trainer.Size() || tok.Size() < 60 {
			t.Errorf("%T wished for %d tokens and has %d", trainer, trainer.Size(), tok.Size())
		}
		few := train(t, trainer, "a a b c")
		if few.Size() >= trainer.Size() {
			t.Errorf("%T has %d tokens of four letters", trainer, few.Size())
		}
		if _, err := trainer.Train(t.Context(), slices.Values([]string{""}), nil); err == nil || err.Error() != "train a tokenizer: the texts have no words" {
			t.Errorf("%T of nothing: %v", trainer, err)
		}
	}
}

func TestTrainingReportsAndStops(t *testing.T) {
	texts := corpus(t)
	for _, trainer := range []Trainer{&BytePairs{Vocabulary: 600, MinFrequency: 2}, &WordPiece{Vocabulary: 600, MinFrequency: 2}} {
		last := 0
		_, err := trainer.Train(t.Context(), slices.Values(texts), func(done, total int) {
			if done < last || done > total || total != 600 {
				t.Errorf("%T reports %d of %d after %d", trainer, done, total, last)
			}
			last = done
		})
		if err != nil || last != 600 {
			t.Errorf("%T ends at %d: %v", trainer, last, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err = trainer.Train(ctx, slices.Values(texts), func(done, _ int) {
			if done > 400 {
				t.Errorf("%T goes on after it was cancelled", trainer)
			}
			if done == 400 {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%T cancelled while merging: %v", trainer, err)
		}
		endless := func(yield func(string) bool) {
			for yield(texts[0]) { // of a context that has ended
			}
		}
		if _, err := trainer.Train(ctx, endless, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%T cancelled while counting: %v", trainer, err)
		}
	}
}

// Goroutines that share a tokenizer get what one alone gets, also when they have more
// words than are remembered.
func TestEncodeAtOnce(t *testing.T) {
	for _, kind := range Kinds.Names() {
		tok := golden(t, kind)
		lines := slices.Repeat(append(corpus(t)[:50], manyWords()), 2)
		var want [][]int32
		for _, line := range lines {
			want = append(want, fresh(tok).Encode(line))
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for i, line := range lines {
					if !slices.Equal(tok.Encode(line), want[i]) {
						t.Errorf("%s: what was remembered differs in %.100q", kind, line)
					}
				}
			})
		}
		group.Wait()
	}
}

// manyWords has more words than a tokenizer remembers.
func manyWords() string {
	var words strings.Builder
	for i := range cachedWords + 1000 {
		for ; i > 0; i /= 26 {
			words.WriteByte('a' + byte(i%26))
		}
		words.WriteByte(' ')
	}
	return words.String()
}

// fresh returns a tokenizer that remembers no words.
func fresh(tok *Tokenizer) *Tokenizer { return newTokenizer(tok.model, tok.tokens, tok.added) }
