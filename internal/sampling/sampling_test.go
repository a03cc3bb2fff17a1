package sampling

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// scores are those of tokens with the probabilities 0.1, 0.4, 0.2, 0.3 and 0.
var scores = []float32{logarithm(0.1), logarithm(0.4), logarithm(0.2), logarithm(0.3), float32(math.Inf(-1))}

func logarithm(p float64) float32 { return float32(math.Log(p)) }

// picks counts what is picked in n draws.
func picks(o Options, n int) []int {
	counts := make([]int, len(scores))
	chance := Generator(7, 0)
	for range n {
		counts[o.Pick(scores, chance)]++
	}
	return counts
}

func TestOnlyTheLikeliestAreKept(t *testing.T) {
	for name, c := range map[string]struct {
		options Options
		want    []bool
	}{
		"all":               {Options{Temperature: 1, TopP: 1}, []bool{true, true, true, true, false}},
		"top 2":             {Options{Temperature: 1, TopK: 2, TopP: 1}, []bool{false, true, false, true, false}},
		"top 9":             {Options{Temperature: 1, TopK: 9, TopP: 1}, []bool{true, true, true, true, false}},
		"0.65":              {Options{Temperature: 1, TopP: 0.65}, []bool{false, true, false, true, false}},
		"0.75":              {Options{Temperature: 1, TopP: 0.75}, []bool{false, true, true, true, false}},
		"0.01":              {Options{Temperature: 1, TopP: 0.01}, []bool{false, true, false, false, false}},
		"0.5 of the top 2":  {Options{Temperature: 1, TopK: 2, TopP: 0.5}, []bool{false, true, false, false, false}},
		"greedy":            {Options{TopP: 1}, []bool{false, true, false, false, false}},
		"nearly greedy":     {Options{Temperature: 1e-3, TopP: 1}, []bool{false, true, false, false, false}},
		"0.65, temperature": {Options{Temperature: 0.5, TopP: 0.8}, []bool{false, true, false, true, false}}, // 0.53, 0.30, 0.13, 0.03
	} {
		for token, count := range picks(c.options, 400) {
			if (count > 0) != c.want[token] {
				t.Errorf("%s: token %d is picked %d times, want that it can be is %v", name, token, count, c.want[token])
			}
		}
	}
}

func TestTokensArePickedByTheirProbability(t *testing.T) {
	const n = 20000
	for temperature, want := range map[float64][]float64{
		1:   {0.1, 0.4, 0.2, 0.3},
		0.5: {0.01 / 0.3, 0.16 / 0.3, 0.04 / 0.3, 0.09 / 0.3},
		2:   {0.162693, 0.325385, 0.230082, 0.281841},
	} {
		for token, count := range picks(Options{Temperature: temperature, TopP: 1}, n)[:4] {
			p := want[token]
			if math.Abs(float64(count)-n*p) > 5*math.Sqrt(n*p*(1-p)) {
				t.Errorf("temperature %v: token %d is picked %d times of %d, want %.0f", temperature, token, count, n, n*p)
			}
		}
	}
}

func TestTheSeedDecides(t *testing.T) {
	draw := func(seed uint64, number int) []int {
		chance, tokens := Generator(seed, number), []int{}
		for range 12 {
			tokens = append(tokens, Options{Temperature: 1, TopP: 1}.Pick(scores, chance))
		}
		return tokens
	}
	if got, want := draw(1, 0), []int{1, 3, 1, 3, 2, 3, 1, 1, 2, 1, 1, 3}; !slices.Equal(got, want) {
		t.Errorf("seed 1 picks %v, want %v", got, want)
	}
	if slices.Equal(draw(1, 0), draw(2, 0)) || slices.Equal(draw(1, 0), draw(1, 1)) {
		t.Error("another seed, or another text, gets the same tokens")
	}
}

func TestBest(t *testing.T) {
	got := Best([]float32{1, float32(math.NaN()), 3, 3, float32(math.Inf(-1))}, 2)
	if len(got) != 2 || got[0].Token != 2 || got[1].Token != 3 || math.Abs(got[0].Probability-0.4683105) > 1e-6 {
		t.Errorf("the best are %v", got)
	}
	if got := Best(nil, 3); len(got) != 0 {
		t.Errorf("the best of none are %v", got)
	}
	if got := (Options{Temperature: 1, TopP: 1}).Pick([]float32{float32(math.Inf(-1))}, Generator(1, 1)); got != -1 {
		t.Errorf("of none %d is picked", got)
	}
}

func TestValidate(t *testing.T) {
	for want, o := range map[string]Options{
		"temperature must be 0 or above, not -1":       {Temperature: -1, TopP: 1},
		"temperature must be 0 or above, not NaN":      {Temperature: math.NaN(), TopP: 1},
		"top-k must be 0":                              {TopK: -1, TopP: 1},
		"top-p must be above 0 and at most 1, not 0":   {},
		"top-p must be above 0 and at most 1, not 1.5": {TopP: 1.5},
	} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %s", o, err, want)
		}
	}
	if err := (Options{TopP: 1}).Validate(); err != nil {
		t.Error(err)
	}
}
