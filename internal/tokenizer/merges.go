package tokenizer

import (
	"cmp"
	"container/heap"
	"context"
	"iter"
	"slices"
)

// pair is two tokens side by side.
type pair uint64

func pairOf(left, right int32) pair { return pair(uint64(left)<<32 | uint64(uint32(right))) }
func (p pair) left() int32          { return int32(p >> 32) }
func (p pair) right() int32         { return int32(uint32(p)) }

// merger learns a vocabulary by byte pair encoding (Sennrich et al. 2016): the pair that
// occurs most often becomes a token, again and again. Of equally frequent pairs the one
// of the lower ids is first, so that nothing depends on the order of texts or maps. Where
// each pair is and how often is kept up to date, so a merge takes time by the words that
// it changes.
type merger struct {
	limit        int // tokens
	minFrequency int64
	join         func(left, right string) string

	tokens []string
	ids    map[string]int32
	merges []pair // in the order learned

	words  []countedWord
	counts map[pair]int64
	where  map[pair][]int32 // words that have the pair, or had it
	queue  pairQueue
}

// countedWord is a word as tokens, and how often the texts have it.
type countedWord struct {
	tokens []int32
	count  int64
}

// newMerger returns a merger that knows the special tokens.
func newMerger(limit, minFrequency int, join func(left, right string) string) *merger {
	m := &merger{
		limit: limit, minFrequency: int64(max(1, minFrequency)), join: join,
		ids: map[string]int32{}, counts: map[pair]int64{}, where: map[pair][]int32{},
	}
	for _, token := range specialTokens {
		m.add(token)
	}
	return m
}

// add returns the id of a token, new or not.
func (m *merger) add(token string) int32 {
	id, ok := m.ids[token]
	if !ok {
		id = int32(len(m.tokens))
		m.ids[token] = id
		m.tokens = append(m.tokens, token)
	}
	return id
}

// addWord counts a word's pairs. Its letters have been added before.
func (m *merger) addWord(count int64, letters iter.Seq[string]) {
	w := countedWord{count: count}
	for letter := range letters {
		w.tokens = append(w.tokens, m.ids[letter])
	}
	at := int32(len(m.words))
	m.words = append(m.words, w)
	for i := range len(w.tokens) - 1 {
		m.count(pairOf(w.tokens[i], w.tokens[i+1]), at, count)
	}
}

// count notes that a word has a pair, or has it once more.
func (m *merger) count(p pair, word int32, count int64) {
	m.counts[p] += count
	if in := m.where[p]; len(in) == 0 || in[len(in)-1] != word {
		m.where[p] = append(in, word)
	}
}

// run merges until the vocabulary is full or no pair is frequent enough.
func (m *merger) run(ctx context.Context, report func(done, total int)) error {
	if report == nil {
		report = func(_, _ int) {}
	}
	for p, count := range m.counts {
		m.queue = append(m.queue, countedPair{p, count})
	}
	heap.Init(&m.queue)
	known := map[pair]bool{}
	for len(m.tokens) < m.limit {
		if err := ctx.Err(); err != nil {
			return err
		}
		p, ok := m.next()
		if !ok {
			break
		}
		if !known[p] { // it comes back where two ways of merging lead to one token
			known[p] = true
			m.merges = append(m.merges, p)
		}
		m.merge(p)
		report(len(m.tokens), m.limit)
	}
	return nil
}

// next takes the most frequent pair. Counts fall while pairs are in the queue, so one
// that has fallen is put back with what it has now.
func (m *merger) next() (p pair, ok bool) {
	for len(m.queue) > 0 {
		top := m.queue[0]
		switch count := m.counts[top.pair]; {
		case count < m.minFrequency:
			heap.Pop(&m.queue)
		case count != top.count:
			m.queue[0].count = count
			heap.Fix(&m.queue, 0)
		default:
			heap.Pop(&m.queue)
			return top.pair, true
		}
	}
	return 0, false
}

// merge makes a pair a token in all words.
func (m *merger) merge(p pair) {
	id := m.add(m.join(m.tokens[p.left()], m.tokens[p.right()]))
	in := m.where[p]
	delete(m.where, p)
	var fresh []pair // what has grown
	for _, at := range in {
		fresh = m.mergeWord(fresh, at, p, id)
	}
	delete(m.counts, p)
	slices.Sort(fresh)
	for _, q := range slices.Compact(fresh) {
		heap.Push(&m.queue, countedPair{q, m.counts[q]})
	}
}

// mergeWord makes a pair a token in one word, and appends the pairs that this makes.
func (m *merger) mergeWord(fresh []pair, at int32, p pair, id int32) []pair {
	w := &m.words[at]
	if !w.has(p) {
		return fresh
	}
	for i := range len(w.tokens) - 1 {
		m.counts[pairOf(w.tokens[i], w.tokens[i+1])] -= w.count
	}
	w.replace(p, id)
	for i := range len(w.tokens) - 1 {
		q := pairOf(w.tokens[i], w.tokens[i+1])
		if w.tokens[i] != id && w.tokens[i+1] != id {
			m.counts[q] += w.count
			continue
		}
		m.count(q, at, w.count)
		fresh = append(fresh, q)
	}
	return fresh
}

func (w *countedWord) has(p pair) bool {
	for i := range len(w.tokens) - 1 {
		if pairOf(w.tokens[i], w.tokens[i+1]) == p {
			return true
		}
	}
	return false
}

// replace puts one token where a pair was, from left to right.
func (w *countedWord) replace(p pair, id int32) {
	out := w.tokens[:0]
	for i := 0; i < len(w.tokens); i++ {
		if i+1 < len(w.tokens) && pairOf(w.tokens[i], w.tokens[i+1]) == p {
			out = append(out, id)
			i++
			continue
		}
		out = append(out, w.tokens[i])
	}
	w.tokens = out
}

// countedPair is a pair with how often it was when it was queued.
type countedPair struct {
	pair  pair
	count int64
}

// pairQueue is a heap: the most frequent pair comes first.
type pairQueue []countedPair

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].count, q[i].count), cmp.Compare(q[i].pair, q[j].pair)) < 0
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements heap.Interface.
func (q *pairQueue) Push(x any) { *q = append(*q, x.(countedPair)) }

// Pop implements heap.Interface.
func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
