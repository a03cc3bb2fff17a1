package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
)

// What makes two texts overlap; see [FindOverlap].
const (
	gram     = 13       // tokens in a row that make texts near
	shortest = 2 * gram // tokens of a test document that is looked for inside of others
)

// content is the bytes of a sequence's tokens without what begins, ends and pads it.
func content(sequence []byte) []byte {
	for len(sequence) > 0 && binary.LittleEndian.Uint32(sequence[len(sequence)-tokenBytes:]) == 0 {
		sequence = sequence[:len(sequence)-tokenBytes]
	}
	if len(sequence) < 2*tokenBytes {
		return nil
	}
	return sequence[tokenBytes : len(sequence)-tokenBytes]
}

// findTexts compares each sequence of a part with all test documents.
//
// Exact are sequences that are the same, and those that hold all of a test document of
// 26 tokens or more: of shorter ones others are made, as "and it came to pass". Near
// are those that share 13 tokens in a row with one, as GPT-3's authors looked for what
// they had trained on (Brown et al., NeurIPS 2020, arXiv:2005.14165, appendix C). In
// the King James Version no verse for training holds a test verse of that length, and
// 1.5 % are near one: the Bible quotes itself.
func findTexts(ctx context.Context, part, test Part) (pairs []*Pair, exact []bool, err error) {
	if !part.Data.Meta.Text.Same(test.Data.Meta.Text) {
		return nil, nil, errOtherTokens
	}
	s, err := newTextSearch(ctx, test)
	if err != nil {
		return nil, nil, err
	}
	return findEach(ctx, part, func(sequence int) (*Pair, bool) { return s.find(part.Data, sequence) })
}

// textSearch holds what is known of a test set of text.
type textSearch struct {
	test  Part
	whole map[string]int   // the first test document with these tokens
	sizes map[string][]int // bytes of the test documents that begin with these tokens, shortest many
	grams map[uint64]int   // the first test document that has tokens of this hash in a row, gram many
}

func newTextSearch(ctx context.Context, test Part) (s *textSearch, err error) {
	s = &textSearch{test: test, whole: map[string]int{}, sizes: map[string][]int{}, grams: map[uint64]int{}}
	for _, i := range test.Indices {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := guarded(func() { s.add(i, content(test.Data.Image(i))) }); err != nil {
			return nil, err
		}
	}
	for _, sizes := range s.sizes {
		slices.Sort(sizes)
	}
	return s, nil
}

func (s *textSearch) add(i int, tokens []byte) {
	if _, seen := s.whole[string(tokens)]; seen {
		return
	}
	s.whole[string(tokens)] = i
	if len(tokens) >= shortest*tokenBytes {
		start := string(tokens[:shortest*tokenBytes])
		if !slices.Contains(s.sizes[start], len(tokens)) {
			s.sizes[start] = append(s.sizes[start], len(tokens))
		}
	}
	eachGram(tokens, func(_ int, hash uint64) {
		if _, seen := s.grams[hash]; !seen {
			s.grams[hash] = i
		}
	})
}

// find returns the pair of a sequence and a test document that it holds, else of one
// that shares tokens in a row with it; nil if there is neither.
func (s *textSearch) find(data *Dataset, sequence int) (best *Pair, exact bool) {
	tokens := content(data.Image(sequence))
	if test, ok := s.whole[string(tokens)]; ok && len(tokens) > 0 {
		return &Pair{Image: sequence, Test: test}, true
	}
	if test, ok := s.inside(tokens); ok {
		return &Pair{Image: sequence, Test: test}, true
	}
	return s.near(sequence, tokens), false
}

// inside finds a test document that lies in tokens as a whole.
func (s *textSearch) inside(tokens []byte) (test int, found bool) {
	for at := 0; at+shortest*tokenBytes <= len(tokens); at += tokenBytes {
		for _, size := range s.sizes[string(tokens[at:at+shortest*tokenBytes])] {
			if at+size > len(tokens) {
				break
			}
			if test, found := s.whole[string(tokens[at:at+size])]; found {
				return test, true
			}
		}
	}
	return 0, false
}

// near finds the test document that has the most runs of tokens in common.
func (s *textSearch) near(sequence int, tokens []byte) *Pair {
	shared := map[int]int{}
	eachGram(tokens, func(at int, hash uint64) {
		// Two runs of one hash are made to be, or as rare as a broken disk.
		if test, ok := s.grams[hash]; ok && bytes.Contains(content(s.test.Data.Image(test)), tokens[at:at+gram*tokenBytes]) {
			shared[test]++
		}
	})
	var best *Pair
	for test, n := range shared {
		all := max(1, len(content(s.test.Data.Image(test)))/tokenBytes-gram+1)
		distance := 1 - float64(min(n, all))/float64(all)
		if best == nil || distance < best.Distance || distance == best.Distance && test < best.Test {
			best = &Pair{Image: sequence, Test: test, Distance: distance}
		}
	}
	return best
}

// eachGram calls f with the place in bytes and a hash of every run of gram tokens: a
// polynomial, which the next run changes by two terms.
func eachGram(tokens []byte, f func(at int, hash uint64)) {
	const factor = 0x9e3779b97f4a7c15
	var hash, highest uint64 = 0, 1
	for range gram - 1 {
		highest *= factor
	}
	value := func(i int) uint64 { return uint64(binary.LittleEndian.Uint32(tokens[tokenBytes*i:])) + 1 }
	for i := range len(tokens) / tokenBytes {
		if i >= gram {
			hash -= highest * value(i-gram)
		}
		hash = hash*factor + value(i)
		if i >= gram-1 {
			f(tokenBytes*(i-gram+1), hash)
		}
	}
}

var errOtherTokens = errors.New("their tokens do not stand for the same: prepare one with tokenizer_of the other")
