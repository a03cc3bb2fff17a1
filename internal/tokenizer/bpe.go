package tokenizer

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"
	"strings"

	"sslpipe/internal/schema"
)

var bpe = schema.Variant{
	Name:    "bpe",
	Doc:     "Byte pair encoding of UTF-8's bytes, as in GPT-2: every text can be spelled, and comes back byte for byte.",
	Paper:   "Sennrich et al., ACL 2016, arXiv:1508.07909; Radford et al., 2019",
	Cost:    "Words keep their spaces and capitals, so a vocabulary holds fewer different words.",
	Version: 1,
	New:     func() any { return &BytePairs{Vocabulary: 4096, MinFrequency: 2} },
}

// BytePairs configures byte-level BPE.
type BytePairs struct {
	Vocabulary   int `hcl:"vocabulary,optional" min:"261" max:"500000" doc:"Tokens at most, of which 5 are special and 256 are the bytes."`
	MinFrequency int `hcl:"min_frequency,optional" min:"1" doc:"How often a pair must occur in the corpus to become a token."`
}

// Size implements Trainer.
func (c *BytePairs) Size() int { return c.Vocabulary }

// Train implements Trainer.
func (c *BytePairs) Train(ctx context.Context, texts iter.Seq[string], report func(done, total int)) (*Tokenizer, error) {
	words, err := countWords(ctx, texts, splitGPT2)
	if err != nil {
		return nil, err
	}
	m := newMerger(c.Vocabulary, c.MinFrequency, func(left, right string) string { return left + right })
	for _, letter := range byteOrder() {
		m.add(string(letter))
	}
	for word, count := range words {
		m.addWord(count, func(yield func(string) bool) {
			for i := range len(word) {
				if !yield(string(byteLetters[word[i]])) {
					return
				}
			}
		})
	}
	if err := m.run(ctx, report); err != nil {
		return nil, err
	}
	return newTokenizer(newBytePairModel(m.tokens, m.ids, m.merges), m.tokens, addedTokens(true)), nil
}

// byteLetters are the characters by which GPT-2's vocabulary writes bytes: those that
// can be seen stand for themselves, the others are moved behind Latin-1.
var byteLetters = func() (letters [256]rune) {
	moved := rune(256)
	for b := range letters {
		if r := rune(b); '!' <= r && r <= '~' || '¡' <= r && r <= '¬' || '®' <= r {
			letters[b] = r
			continue
		}
		letters[b] = moved
		moved++
	}
	return letters
}()

// letterBytes is the inverse of byteLetters.
var letterBytes = func() map[rune]byte {
	inverse := make(map[rune]byte, len(byteLetters))
	for b, r := range byteLetters {
		inverse[r] = byte(b)
	}
	return inverse
}()

// byteOrder returns the alphabet as vocabularies number it.
func byteOrder() []rune {
	letters := slices.Clone(byteLetters[:])
	slices.Sort(letters)
	return letters
}

// bytesOf returns what a token stands for. One that has other letters, which is none
// of those learned, stands for itself.
func bytesOf(token string) string {
	var out strings.Builder
	for _, r := range token {
		b, ok := letterBytes[r]
		if !ok {
			return token
		}
		out.WriteByte(b)
	}
	return out.String()
}

// bytePairModel encodes with merges, which happen in the order learned.
type bytePairModel struct {
	bytes  [256]int32 // tokens of single bytes
	merges []pair     // in the order learned
	into   map[pair]merged
	texts  []string // of the tokens, as bytes
}

// merged is what a pair becomes, and when.
type merged struct{ rank, id int32 }

// newBytePairModel makes the model of a vocabulary that has tokens for all bytes and for
// the pairs and what they become.
func newBytePairModel(tokens []string, ids map[string]int32, merges []pair) *bytePairModel {
	m := &bytePairModel{merges: merges, into: make(map[pair]merged, len(merges)), texts: make([]string, len(tokens))}
	for b, letter := range byteLetters {
		m.bytes[b] = ids[string(letter)]
	}
	for rank, p := range merges {
		m.into[p] = merged{rank: int32(rank), id: ids[tokens[p.left()]+tokens[p.right()]]}
	}
	for id, token := range tokens {
		m.texts[id] = bytesOf(token)
	}
	return m
}

func (m *bytePairModel) kind() string { return bpe.Name }

func (m *bytePairModel) words(text string) iter.Seq[string] { return splitGPT2(text) }

// symbol is a token in a word that is being merged; a removed one has size 0.
type symbol struct {
	id         int32
	size       int32
	prev, next int32 // positions, -1 for none
}

// possible is a merge of a symbol with the one behind it.
type possible struct {
	merged
	at int32
}

// mergeQueue is a heap: the merge learned first comes first, of equal ones the leftmost.
type mergeQueue []possible

func (q mergeQueue) Len() int { return len(q) }
func (q mergeQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].rank, q[j].rank), cmp.Compare(q[i].at, q[j].at)) < 0
}
func (q mergeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *mergeQueue) Push(x any) { *q = append(*q, x.(possible)) }

// Pop implements heap.Interface.
func (q *mergeQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// encode merges by a queue, so that a word of a million letters takes no longer than as
// many letters in short words.
func (m *bytePairModel) encode(ids []int32, word string, s *scratch) []int32 {
	s.symbols, s.queue = s.symbols[:0], s.queue[:0]
	for i := range len(word) {
		s.symbols = append(s.symbols, symbol{id: m.bytes[word[i]], size: 1, prev: int32(i) - 1, next: int32(i) + 1})
	}
	s.symbols[len(word)-1].next = -1
	for at := range s.symbols {
		m.offer(s, int32(at), false)
	}
	heap.Init(&s.queue)
	for len(s.queue) > 0 {
		m.apply(s, heap.Pop(&s.queue).(possible))
	}
	for _, symbol := range s.symbols {
		if symbol.size > 0 {
			ids = append(ids, symbol.id)
		}
	}
	return ids
}

// offer queues the merge of the symbol at a position with the next, if there is one.
func (m *bytePairModel) offer(s *scratch, at int32, ordered bool) {
	if at < 0 || s.symbols[at].next < 0 {
		return
	}
	into, ok := m.into[pairOf(s.symbols[at].id, s.symbols[s.symbols[at].next].id)]
	switch p := (possible{merged: into, at: at}); {
	case !ok:
	case ordered:
		heap.Push(&s.queue, p)
	default:
		s.queue = append(s.queue, p)
	}
}

// apply does one merge, unless its symbols are no longer what they were.
func (m *bytePairModel) apply(s *scratch, p possible) {
	left := &s.symbols[p.at]
	if left.size == 0 || left.next < 0 {
		return
	}
	right := &s.symbols[left.next]
	if into, ok := m.into[pairOf(left.id, right.id)]; !ok || into.id != p.id {
		return
	}
	left.id, left.size, left.next = p.id, left.size+right.size, right.next
	right.size = 0
	if left.next >= 0 {
		s.symbols[left.next].prev = p.at
	}
	m.offer(s, left.prev, true)
	m.offer(s, p.at, true)
}

func (m *bytePairModel) decode(ids []int32, _ []string) string {
	var out strings.Builder
	for _, id := range ids {
		out.WriteString(m.texts[id])
	}
	return out.String()
}

func (m *bytePairModel) continues(id int32, _ string) bool {
	text := m.texts[id]
	return text != "" && !strings.ContainsRune(" \t\n\v\f\r", rune(text[0]))
}
