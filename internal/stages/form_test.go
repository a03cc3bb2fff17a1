package stages

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// A linear model on text reads the counts of tokens, whatever the padding.
func TestRawText(t *testing.T) {
	tftest.Load(t)
	nw := network{form: form{shape: [3]int{1, 5, 1}, text: &artifact.TextMeta{Vocabulary: 4}}}
	g := tf.NewGraph()
	x := g.Placeholder("tokens", tf.Int32, -1, -1)
	raw := nw.raw(g, x)
	run := func(length int, tokens ...int32) []float32 {
		in, err := tf.FromInt32s(tokens, len(tokens)/length, length)
		if err != nil {
			t.Fatal(err)
		}
		out, err := tftest.Session(t, g).Run(map[tf.Output]*tf.Tensor{x: in}, []tf.Output{raw})
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Float32s()
	}
	one, two := float32(math.Log(2)), float32(math.Log(3))
	got := run(5, 3, 1, 3, 0, 0, 2, 2, 1, 1, 3)
	want := []float32{0, one, 0, two, 0, two, two, one}
	for i := range want {
		if math.Abs(float64(got[i]-want[i])) > 1e-6 {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if short := run(3, 3, 1, 3); !slices.Equal(short, got[:4]) {
		t.Errorf("without padding %v, with it %v", short, got[:4])
	}
}

func TestForms(t *testing.T) {
	words := &artifact.TextMeta{Tokenizer: "bpe", Digest: "d", Vocabulary: 9}
	text := form{shape: [3]int{1, 5, 1}, text: words}
	image := form{shape: [3]int{4, 6, 3}}
	if got := text.dims(2); !slices.Equal(got, []int{2, 5}) {
		t.Errorf("2 texts of 5 tokens are %v", got)
	}
	if got := image.dims(2); !slices.Equal(got, []int{2, 4, 6, 3}) {
		t.Errorf("2 images are %v", got)
	}
	again := *words
	other := *words
	other.Digest = "another tokeniser's"
	for _, c := range []struct {
		of   form
		want bool
	}{
		{form{shape: text.shape, text: &again}, true},
		{form{shape: text.shape, text: &other}, false},
		{form{shape: [3]int{1, 6, 1}, text: words}, false},
		{form{shape: text.shape}, false},
	} {
		if got := text.same(c.of); got != c.want {
			t.Errorf("%v like %v: %v", text, c.of, got)
		}
	}
}
