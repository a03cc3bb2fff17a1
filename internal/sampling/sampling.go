// Package sampling picks the next token of a text by the scores that a language model
// gives to all of its vocabulary.
//
// It refuses to know what tokens are: who must not be picked gets the score -Inf. It
// keeps no state but that of the generator which it is handed, so that the same seed
// gives the same text.
package sampling

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Options say which tokens may be picked and how often.
type Options struct {
	// Temperature divides the scores: below 1 likely tokens become likelier, and at 0
	// the likeliest is always picked, the first of equals.
	Temperature float64
	// TopK keeps so many of the likeliest tokens (Fan et al., ACL 2018,
	// arXiv:1805.04833); 0 keeps all.
	TopK int
	// TopP keeps the fewest of the likeliest tokens that have this share of the
	// probability together (Holtzman et al., ICLR 2020, arXiv:1904.09751); 1 keeps all.
	TopP float64
}

// Validate reports numbers that say nothing.
func (o Options) Validate() error {
	switch {
	case !(o.Temperature >= 0) || math.IsInf(o.Temperature, 0):
		return fmt.Errorf("the temperature must be 0 or above, not %v", o.Temperature)
	case o.TopK < 0:
		return fmt.Errorf("top-k must be 0, which keeps all tokens, or above, not %d", o.TopK)
	case !(o.TopP > 0 && o.TopP <= 1):
		return fmt.Errorf("top-p must be above 0 and at most 1, not %v", o.TopP)
	}
	return nil
}

// Generator returns the source of chance for the text with this number of a run.
func Generator(seed uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(number)))
}

// Candidate is a token that may be picked.
type Candidate struct {
	Token       int
	Probability float64
}

// Best returns the n likeliest tokens by their scores, the likeliest first and the first
// of equals before others, with their share of the probability of all tokens. NaN and
// -Inf are the scores of none.
func Best(scores []float32, n int) []Candidate {
	all := softmax(scores, 1)
	return all[:min(n, len(all))]
}

// softmax returns all candidates, the likeliest first.
func softmax(scores []float32, temperature float64) []Candidate {
	var all []Candidate
	for token, score := range scores {
		if score > float32(math.Inf(-1)) {
			all = append(all, Candidate{token, float64(score)})
		}
	}
	slices.SortStableFunc(all, func(a, b Candidate) int { return cmp.Compare(b.Probability, a.Probability) })
	sum := 0.0
	for i, c := range slices.Backward(all) {
		all[i].Probability = math.Exp((c.Probability - all[0].Probability) / temperature)
		sum += all[i].Probability
	}
	for i := range all {
		all[i].Probability /= sum
	}
	return all
}

// Pick picks a token; -1 where there is none.
func (o Options) Pick(scores []float32, chance *rand.Rand) int {
	temperature := cmp.Or(o.Temperature, 1)
	kept := o.keep(softmax(scores, temperature))
	switch {
	case len(kept) == 0:
		return -1
	case o.Temperature == 0:
		return kept[0].Token
	}
	total := 0.0
	for _, c := range kept {
		total += c.Probability
	}
	left := chance.Float64() * total
	for _, c := range kept {
		if left -= c.Probability; left < 0 {
			return c.Token
		}
	}
	return kept[len(kept)-1].Token
}

// keep drops what top-k and top-p leave out, in this order.
func (o Options) keep(all []Candidate) []Candidate {
	if o.TopK > 0 {
		all = all[:min(o.TopK, len(all))]
	}
	total := 0.0
	for _, c := range all {
		total += c.Probability
	}
	sum := 0.0
	for i, c := range all {
		if sum += c.Probability; o.TopP < 1 && sum >= o.TopP*total {
			return all[:i+1]
		}
	}
	return all
}
