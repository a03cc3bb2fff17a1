package tokenizer

import (
	"slices"
	"strings"
)

// Text repeats its words, so the ids of a word are worked out once. Each goroutine that
// encodes has a memory of its own from a pool: no locks, and results do not depend on
// what is in it.
const (
	cachedWords  = 1 << 15
	cachedLength = 64 // bytes; longer words do not repeat
)

// scratch is what encoding needs beside the vocabulary.
type scratch struct {
	words   map[string][]int32
	ids     []int32
	symbols []symbol
	queue   mergeQueue
}

func (t *Tokenizer) scratch() *scratch {
	if s, ok := t.pool.Get().(*scratch); ok {
		return s
	}
	return &scratch{words: map[string][]int32{}}
}

func (s *scratch) remember(word string, ids []int32) {
	if len(word) > cachedLength {
		return
	}
	if len(s.words) >= cachedWords {
		clear(s.words)
	}
	// A word is a part of a text, which must not be kept for its sake.
	s.words[strings.Clone(word)] = slices.Clone(ids)
}
