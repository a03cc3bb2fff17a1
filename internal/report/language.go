package report

import (
	"slices"

	"sslpipe/internal/metrics"
)

// LanguageModel is how well the encoders that some arms started from predict tokens
// of the test texts, beside what needs no model.
type LanguageModel struct {
	Arms   []string `json:"arms"`   // that started from these encoders
	Task   string   `json:"task"`   // "masked_token" or "next_token"
	Texts  int      `json:"texts"`  // that each encoder read
	Tokens int      `json:"tokens"` // that each predicted
	// Accuracy and Perplexity, the exponential of the mean cross-entropy in nats, are
	// over encoders.
	Accuracy   metrics.Summary `json:"accuracy"`
	Perplexity metrics.Summary `json:"perplexity"`
	// BitsPerByte of UTF-8 does not depend on the tokeniser; nil where tokens do not
	// stand for bytes, and of masked tokens, which are not all of a text.
	BitsPerByte *metrics.Summary `json:"bits_per_byte,omitempty"`
	// Unigram always says the most frequent token of the pre-training's texts, and
	// gives to all tokens the probabilities that they have there.
	Unigram Guess `json:"unigram"`
	// Chance takes all tokens of the vocabulary for equally probable.
	Chance Guess `json:"chance"`
}

// Guess is how well something predicts tokens that looks at no context.
type Guess struct {
	Accuracy    float64 `json:"accuracy"`
	Perplexity  float64 `json:"perplexity"`
	BitsPerByte float64 `json:"bits_per_byte,omitempty"` // 0 where it is not known
}

// SameBaselines tells whether a task's unigram and chance are those of another.
func (m *LanguageModel) SameBaselines(o *LanguageModel) bool {
	return m.Task == o.Task && m.Tokens == o.Tokens && m.Unigram == o.Unigram && m.Chance == o.Chance
}

// languageOf are the models of run number i under the arms' new names, less those
// that are among known already.
func (m *merge) languageOf(i int, set *TestSet, known []LanguageModel) []LanguageModel {
	for _, model := range set.Language {
		model.Arms = slices.Clone(model.Arms)
		for j, arm := range model.Arms {
			model.Arms[j] = m.names[[2]any{i, arm}]
		}
		same := func(o LanguageModel) bool { return o.Task == model.Task && slices.Equal(o.Arms, model.Arms) }
		if !slices.ContainsFunc(known, same) {
			known = append(known, model)
		}
	}
	return known
}
