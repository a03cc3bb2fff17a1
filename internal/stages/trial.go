package stages

import (
	"cmp"
	"math"
	"math/rand/v2"

	"sslpipe/internal/report"
	"sslpipe/internal/tokenizer"
)

// trial is a text as a language model reads it, and what it has to tell.
type trial struct {
	tokens []int32 // without padding
	at     []int   // positions of the predictions that count
	truth  []int32 // the tokens that are to be predicted there
}

// languageTask is a way in which a language model predicts tokens.
type languageTask struct {
	name string // of the signature of its SavedModel
	// ask makes a trial of text number i.
	ask func(i int, tokens []int32, special tokenizer.Special) trial
	// whole says that every token of a text is predicted, so that what the predictions
	// cost can be counted by byte.
	whole bool
	// text says what is asked, for the protocol.
	text string
}

// languageTasks are those that encoders are scored by.
var languageTasks = []languageTask{
	{name: "masked_token", ask: maskedTrial, text: "15 % of each text's tokens, at least one, the same for every encoder, are all replaced by [MASK] and predicted from the rest"},
	{name: "next_token", ask: nextTrial, whole: true, text: "every token is predicted from those before it, the first of a text from the mark of its beginning"},
}

// masked is the share of a text's tokens that a masked language model has to fill in,
// as in pre-training; of these, pre-training leaves some as they are.
const masked = 0.15

// maskSeed is for all encoders the same, so that they are asked the same.
const maskSeed = 9

// maskedTrial hides tokens of a text.
func maskedTrial(i int, tokens []int32, special tokenizer.Special) trial {
	t := trial{tokens: make([]int32, len(tokens))}
	copy(t.tokens, tokens)
	var plain []int
	for at, token := range tokens {
		if !special.Has(token) {
			plain = append(plain, at)
		}
	}
	if len(plain) == 0 {
		return t
	}
	random := rand.New(rand.NewPCG(maskSeed, uint64(i)))
	random.Shuffle(len(plain), func(a, b int) { plain[a], plain[b] = plain[b], plain[a] })
	for _, at := range plain[:max(1, int(math.Round(masked*float64(len(plain)))))] {
		t.at, t.truth = append(t.at, at), append(t.truth, tokens[at])
		t.tokens[at] = special.Mask
	}
	return t
}

// nextTrial asks for each token behind the first position.
func nextTrial(_ int, tokens []int32, special tokenizer.Special) trial {
	t := trial{tokens: tokens}
	for at := 1; at < len(tokens); at++ {
		if !special.Has(tokens[at]) {
			t.at, t.truth = append(t.at, at-1), append(t.truth, tokens[at])
		}
	}
	return t
}

// trialsOf makes trials of texts, which end before their padding. Texts in which there
// is nothing to predict make none.
func trialsOf(task languageTask, texts [][]int32, special tokenizer.Special) []trial {
	var all []trial
	for i, tokens := range texts {
		if t := task.ask(i, withoutPadding(tokens, special), special); len(t.at) > 0 {
			all = append(all, t)
		}
	}
	return all
}

// bytes is the UTF-8 text that the predicted tokens stand for; 0 where not all of a text
// is predicted, or tokens do not stand for bytes.
func (task languageTask) bytes(t trial, words *tokenizer.Tokenizer) int {
	if !task.whole || words.Kind() != "bpe" {
		return 0
	}
	return len(words.Decode(t.truth))
}

func withoutPadding(tokens []int32, special tokenizer.Special) []int32 {
	n := len(tokens)
	for n > 0 && tokens[n-1] == special.Pad {
		n--
	}
	return tokens[:n]
}

// smoothed turns counts into probabilities, with one added to each.
func smoothed(counts []int) []float64 {
	total := len(counts)
	for _, n := range counts {
		total += n
	}
	probabilities := make([]float64, len(counts))
	for i, n := range counts {
		probabilities[i] = float64(n+1) / float64(total)
	}
	return probabilities
}

// argMax is the place of the first of the largest numbers.
func argMax[T cmp.Ordered](row []T) int {
	best := 0
	for i, x := range row {
		if x > row[best] {
			best = i
		}
	}
	return best
}

// tally counts predictions.
type tally struct {
	count, right int
	nats         float64 // sum of cross-entropies
}

func (t *tally) add(right bool, nats float64) {
	t.count++
	t.nats += nats
	if right {
		t.right++
	}
}

// logits adds a prediction by its logits.
func (t *tally) logits(logits []float32, truth int32) {
	best := argMax(logits)
	sum := 0.0
	for _, x := range logits {
		sum += math.Exp(float64(x) - float64(logits[best]))
	}
	t.add(best == int(truth), math.Log(sum)+float64(logits[best])-float64(logits[truth]))
}

// guess is what was counted, over a text of so many bytes; 0 where they are not known.
func (t *tally) guess(bytes int) report.Guess {
	if t.count == 0 {
		return report.Guess{}
	}
	g := report.Guess{Accuracy: float64(t.right) / float64(t.count), Perplexity: math.Exp(t.nats / float64(t.count))}
	if bytes > 0 {
		g.BitsPerByte = t.nats / math.Ln2 / float64(bytes)
	}
	return g
}

// chanceOf is what it is to take all tokens of a vocabulary for equally probable.
func chanceOf(vocabulary, tokens, bytes int) report.Guess {
	n := float64(vocabulary)
	g := report.Guess{Accuracy: 1 / n, Perplexity: n}
	if bytes > 0 {
		g.BitsPerByte = float64(tokens) * math.Log2(n) / float64(bytes)
	}
	return g
}
