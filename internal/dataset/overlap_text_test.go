package dataset

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
)

// ofTokens is a data set of sequences of text, without what begins, ends and pads them.
func ofTokens(length int, texts ...[]int32) Part {
	p := Part{Name: "texts", Data: &Dataset{
		Meta:   artifact.DatasetMeta{Shape: [3]int{1, length, 1}, Text: &artifact.TextMeta{Digest: "a", Vocabulary: 100}},
		stride: tokenBytes * length,
	}}
	for i, text := range texts {
		row := make([]byte, tokenBytes*length)
		for at, token := range append(append([]int32{2}, text...), 3) {
			binary.LittleEndian.PutUint32(row[tokenBytes*at:], uint32(token))
		}
		p.Data.pixels = append(p.Data.pixels, row...)
		p.Data.labels = append(p.Data.labels, -1)
		p.Indices = append(p.Indices, i)
	}
	return p
}

// run is tokens from first, counting up.
func run(first, n int32) []int32 {
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = first + int32(i)
	}
	return tokens
}

func joined(texts ...[]int32) (all []int32) {
	for _, text := range texts {
		all = append(all, text...)
	}
	return all
}

func TestFindOverlapOfTexts(t *testing.T) {
	test := ofTokens(40, run(10, 30), run(50, 3), run(60, 25), run(10, 30))
	for name, c := range map[string]struct {
		text []int32
		want string
	}{
		"the same":                          {run(10, 30), "exact 0"},
		"the same, and short":               {run(50, 3), "exact 1"},
		"holds a document":                  {joined(run(90, 2), run(10, 30), run(90, 2)), "exact 0"},
		"holds a short document":            {joined(run(90, 2), run(50, 3)), "none"},
		"holds one just too short":          {joined(run(90, 2), run(60, 25)), "near 2 at 0.00"},
		"13 in a row":                       {joined(run(90, 2), run(12, 13)), "near 0 at 0.94"},
		"12 in a row":                       {joined(run(90, 2), run(12, 12), run(90, 2)), "none"},
		"most of one, and a little of more": {joined(run(60, 13), run(10, 22)), "near 0 at 0.44"},
		"nothing":                           {nil, "none"},
	} {
		overlap, err := FindOverlap(t.Context(), ofTokens(40, c.text), test)
		if err != nil {
			t.Fatal(err)
		}
		got := "none"
		switch {
		case overlap.Exact == 1:
			got = fmt.Sprintf("exact %d", overlap.Examples[0].Test)
		case overlap.Near == 1:
			got = fmt.Sprintf("near %d at %.2f", overlap.Examples[0].Test, overlap.Examples[0].Distance)
		}
		if got != c.want || overlap.Of != 1 {
			t.Errorf("%s: %s, want %s (%+v)", name, got, c.want, overlap)
		}
	}
	other := ofTokens(40, run(10, 30))
	other.Data.Meta.Text.Digest = "b"
	if _, err := FindOverlap(t.Context(), other, test); err == nil || !strings.Contains(err.Error(), "do not stand for the same: prepare one with tokenizer_of") {
		t.Errorf("tokens of two tokenisers are compared: %v", err)
	}
}
