package tokenizer

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sslpipe/internal/schema"
)

var wordPiece = schema.Variant{
	Name:    "wordpiece",
	Doc:     "Words in the longest known pieces, as in BERT; spaces are not kept, and a word with unknown letters is one unknown token.",
	Paper:   "Schuster and Nakajima, ICASSP 2012; Devlin et al., NAACL 2019, arXiv:1810.04805",
	Version: 1,
	New:     func() any { return &WordPiece{Vocabulary: 4096, Lowercase: true, MinFrequency: 2} },
}

// WordPiece configures WordPiece. The pieces are learned as Hugging Face's trainer
// does: Google's own was never published, and merges of the most frequent pairs, with
// ## before what is inside of a word, are what has taken its place.
type WordPiece struct {
	Vocabulary   int  `hcl:"vocabulary,optional" min:"64" max:"500000" doc:"Tokens at most, of which 5 are special."`
	Lowercase    bool `hcl:"lowercase,optional" doc:"Makes letters small and strips accents."`
	MinFrequency int  `hcl:"min_frequency,optional" min:"1" doc:"How often a pair must occur in the corpus to become a token."`
}

const (
	inside      = "##" // before a piece that is not the first of its word
	longestWord = 100  // characters; longer words are unknown
	mostLetters = 1000 // of the alphabet, as for BERT
)

// Size implements Trainer.
func (c *WordPiece) Size() int { return c.Vocabulary }

// Train implements Trainer.
func (c *WordPiece) Train(ctx context.Context, texts iter.Seq[string], report func(done, total int)) (*Tokenizer, error) {
	model := &wordPieceModel{lowercase: c.Lowercase}
	words, err := countWords(ctx, texts, model.words)
	if err != nil {
		return nil, err
	}
	m := newMerger(c.Vocabulary, c.MinFrequency, func(left, right string) string {
		return left + strings.TrimPrefix(right, inside)
	})
	alphabet := m.addAlphabet(words)
	for word, count := range words {
		if utf8.RuneCountInString(word) > longestWord || !spelled(word, alphabet) {
			continue // a word that is unknown whatever is learned
		}
		m.addWord(count, piecesOf(word))
	}
	if err := m.run(ctx, report); err != nil {
		return nil, err
	}
	model.learn(m.ids)
	return newTokenizer(model, m.tokens, addedTokens(false)), nil
}

// piecesOf yields the letters of a word as tokens.
func piecesOf(word string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at, r := range word {
			prefix := inside
			if at == 0 {
				prefix = ""
			}
			if !yield(prefix + string(r)) {
				return
			}
		}
	}
}

// addAlphabet adds the most frequent letters, as beginnings and, unless they are always
// alone, as insides of words: no word of these letters is unknown. It returns them.
func (m *merger) addAlphabet(words map[string]int64) map[rune]bool {
	counts := map[rune]int64{}
	for word, count := range words {
		for _, r := range word {
			counts[r] += count
		}
	}
	letters := slices.SortedFunc(maps.Keys(counts), func(a, b rune) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	alphabet, size := map[rune]bool{}, len(m.tokens)
	for _, r := range letters[:min(len(letters), mostLetters)] {
		if size += formsOf(r); size > m.limit {
			break
		}
		alphabet[r] = true
	}
	for _, r := range slices.Sorted(maps.Keys(alphabet)) {
		m.add(string(r))
	}
	for _, r := range slices.Sorted(maps.Keys(alphabet)) {
		if formsOf(r) > 1 {
			m.add(inside + string(r))
		}
	}
	return alphabet
}

// formsOf is the number of tokens of a letter: 1 for those that are words of their own.
func formsOf(r rune) int {
	if isPunctuation(r) || unicode.Is(ideographs, r) {
		return 1
	}
	return 2
}

func spelled(word string, alphabet map[rune]bool) bool {
	for _, r := range word {
		if !alphabet[r] {
			return false
		}
	}
	return true
}

// wordPieceModel encodes by the longest piece that fits, from left to right.
type wordPieceModel struct {
	lowercase bool
	ids       map[string]int32
	unknown   int32
	longest   int // bytes of a token
}

// learn takes a vocabulary, which has the special tokens.
func (m *wordPieceModel) learn(ids map[string]int32) {
	m.ids, m.unknown = ids, ids["[UNK]"]
	for token := range ids {
		m.longest = max(m.longest, len(token))
	}
}

func (m *wordPieceModel) kind() string { return wordPiece.Name }

func (m *wordPieceModel) words(text string) iter.Seq[string] {
	return splitBERT(normalize(text, m.lowercase))
}

func (m *wordPieceModel) encode(ids []int32, word string, _ *scratch) []int32 {
	begin := len(ids)
	if len(word) > longestWord && utf8.RuneCountInString(word) > longestWord {
		return append(ids, m.unknown)
	}
	piece := make([]byte, 0, 64) // ## and what is left of the word
	for prefix := ""; word != ""; prefix = inside {
		piece = append(append(piece[:0], prefix...), word[:min(len(word), m.longest)]...)
		id, size := m.longestPiece(piece, len(prefix))
		if size == 0 {
			return append(ids[:begin], m.unknown)
		}
		ids, word = append(ids, id), word[size:]
	}
	return ids
}

// longestPiece finds the longest token that piece begins with, and how many bytes of the
// word it takes; prefix bytes of piece are not the word's.
func (m *wordPieceModel) longestPiece(piece []byte, prefix int) (id int32, size int) {
	for len(piece) > prefix {
		if id, ok := m.ids[string(piece)]; ok {
			return id, len(piece) - prefix
		}
		piece = piece[:len(piece)-1]
	}
	return 0, 0
}

// cleanups are what Hugging Face's decoder replaces in each token, one after the other.
var cleanups = [...][2]string{
	{" .", "."}, {" ?", "?"}, {" !", "!"}, {" ,", ","}, {" ' ", "'"}, {" n't", "n't"}, {" 'm", "'m"},
	{" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
}

func (m *wordPieceModel) decode(ids []int32, tokens []string) string {
	var out strings.Builder
	for i, id := range ids {
		token := tokens[id]
		if rest, ok := strings.CutPrefix(token, inside); ok && i > 0 {
			token = rest
		} else if i > 0 {
			token = " " + token
		}
		for _, c := range cleanups {
			token = strings.ReplaceAll(token, c[0], c[1])
		}
		out.WriteString(token)
	}
	return out.String()
}

func (m *wordPieceModel) continues(_ int32, token string) bool {
	return strings.HasPrefix(token, inside)
}
