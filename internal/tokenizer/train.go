package tokenizer

import (
	"context"
	"errors"
	"iter"
	"strings"
)

// longestLearned is how many bytes a word may have for a vocabulary to learn from it.
// What is longer is no word, and takes time by the square of its length.
const longestLearned = 1024

// countWords counts the words of all texts.
func countWords(ctx context.Context, texts iter.Seq[string], split func(string) iter.Seq[string]) (map[string]int64, error) {
	places := map[string]int{}
	var counts []int64
	seen := 0
	for text := range texts {
		for word := range split(text) {
			if seen++; seen%4096 == 0 && ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if at, ok := places[word]; ok {
				counts[at]++
			} else if len(word) <= longestLearned {
				places[strings.Clone(word)] = len(counts)
				counts = append(counts, 1)
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(counts) == 0 {
		return nil, errors.New("train a tokenizer: the texts have no words")
	}
	words := make(map[string]int64, len(places))
	for word, at := range places {
		words[word] = counts[at]
	}
	return words, nil
}

// newTokenizer puts a tokenizer together.
func newTokenizer(m model, tokens []string, added []addedToken) *Tokenizer {
	return &Tokenizer{model: m, tokens: tokens, added: added, special: specialOf(added)}
}
