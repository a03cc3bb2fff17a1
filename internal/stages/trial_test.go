package stages

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/tokenizer"
)

var fiveSpecial = tokenizer.Special{Pad: 0, Unknown: 1, Start: 2, End: 3, Mask: 4}

// A fixed share of the ordinary tokens is hidden, wherever they are, and nothing else.
func TestMaskedTrial(t *testing.T) {
	tokens := []int32{2}
	for i := range 40 {
		tokens = append(tokens, int32(10+i))
	}
	tokens = append(tokens, 1, 3)
	places := map[int]int{}
	for i := range 400 {
		trial := maskedTrial(i, tokens, fiveSpecial)
		if len(trial.at) != 6 || len(trial.tokens) != len(tokens) {
			t.Fatalf("%d of 40 tokens are hidden, want 15 %%", len(trial.at))
		}
		restored := slices.Clone(trial.tokens)
		for j, at := range trial.at {
			places[at]++
			if trial.tokens[at] != 4 {
				t.Fatalf("token %d is not hidden", at)
			}
			restored[at] = trial.truth[j]
		}
		if !slices.Equal(restored, tokens) {
			t.Fatalf("%v hides %v", trial.tokens, tokens)
		}
	}
	// 60 times each in the mean, with a standard deviation of 7.
	for at := range 43 {
		if n := places[at]; at >= 1 && at <= 40 && (n < 25 || n > 95) || (at < 1 || at > 40) && n > 0 {
			t.Errorf("position %d is hidden %d times of 400", at, n)
		}
	}
	if again := maskedTrial(7, tokens, fiveSpecial); !slices.Equal(again.at, maskedTrial(7, tokens, fiveSpecial).at) || slices.Equal(again.at, maskedTrial(8, tokens, fiveSpecial).at) {
		t.Error("masks are not those of the text's number")
	}
	if short := maskedTrial(0, []int32{2, 9, 3}, fiveSpecial); !slices.Equal(short.at, []int{1}) {
		t.Errorf("of one token %v is hidden", short.at)
	}
}

func TestNextTrial(t *testing.T) {
	trial := nextTrial(0, []int32{2, 7, 1, 8, 3}, fiveSpecial)
	if !slices.Equal(trial.at, []int{0, 2}) || !slices.Equal(trial.truth, []int32{7, 8}) {
		t.Errorf("%v at %v", trial.truth, trial.at)
	}
}

// Padding is cut off; texts without ordinary tokens are none.
func TestTrialsOfTexts(t *testing.T) {
	for _, task := range languageTasks {
		all := trialsOf(task, [][]int32{{2, 3, 0, 0}, {2, 9, 3, 0}, {0, 0, 0, 0}}, fiveSpecial)
		if len(all) != 1 || len(all[0].tokens) != 3 || !slices.Equal(all[0].truth, []int32{9}) {
			t.Errorf("%s: %+v", task.name, all)
		}
	}
}

func TestBatchesOfTrials(t *testing.T) {
	trials := []trial{{tokens: make([]int32, 4)}, {tokens: make([]int32, 8)}, {tokens: make([]int32, 8)}}
	for vocabulary, want := range map[int]int{languageLogits / 24: 3, languageLogits / 16: 2, languageLogits / 4: 1, languageLogits: 1} {
		if got := batchOfTrials(trials, vocabulary); got != want {
			t.Errorf("%d trials of %d tokens, want %d", got, vocabulary, want)
		}
	}
}

// Softmax of (0, ln 2, ln 5) is (1, 2, 5)/8.
func TestTally(t *testing.T) {
	logits := []float32{0, float32(math.Log(2)), float32(math.Log(5))}
	var c tally
	c.logits(logits, 2)
	c.logits(logits, 1)
	got := c.guess(3)
	want := math.Log(8.0/5) + math.Log(8.0/2)
	if got.Accuracy != 0.5 || math.Abs(got.Perplexity-math.Exp(want/2)) > 1e-6 || math.Abs(got.BitsPerByte-want/math.Ln2/3) > 1e-6 {
		t.Errorf("%+v", got)
	}
	var large tally
	large.logits([]float32{3e38, -3e38}, 0)
	if large.nats != 0 || large.right != 1 {
		t.Errorf("large logits: %+v", large)
	}
	if got := smoothed([]int{3, 0, 1}); !slices.Equal(got, []float64{4.0 / 7, 1.0 / 7, 2.0 / 7}) {
		t.Errorf("probabilities %v", got)
	}
}
