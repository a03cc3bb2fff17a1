// Package tokenizer turns text into numbers and back: byte-level BPE and WordPiece,
// trained on a corpus and kept in the file that the ecosystem knows, tokenizer.json.
// Hugging Face's tokenizers reads that file and gives the same ids, which is tested
// against it, down to the classes of all characters (tables.go).
//
// It is own code since no Go library fits (November 2026): sugarme/tokenizer v0.3.0 has
// the writing of the file as a TODO and splits white space unlike GPT-2, since package
// regexp cannot look ahead; daulet/tokenizers v1.24.0 links the Rust library and does
// not train; tiktoken-go and gomlx/go-huggingface read vocabularies of other kinds.
// Unicode's decompositions are golang.org/x/text's.
//
// It refuses to add special tokens, to pad and to cut: examples are laid out by who
// trains on them. A file that has anything in it that would change ids, and that is
// not known here, is refused by name rather than read nearly right.
//
// To add a kind, write one file with its configuration (a Trainer) and its model, and
// add its line to Kinds, and its model to the readers in open.go.
package tokenizer

import (
	"context"
	"iter"
	"sync"

	"sslpipe/internal/schema"
)

// Kinds lists the tokenisers that HCL can name.
var Kinds = schema.Family{Name: "tokenizer", Variants: []schema.Variant{
	bpe,
	wordPiece,
}}

// Trainer is a configured tokeniser that has seen no text.
type Trainer interface {
	// Size is the wished number of tokens, special ones included.
	Size() int
	// Train learns a vocabulary from texts, which are read once. The same texts in
	// whatever order give the same tokenizer. It is short of Size where no more pairs
	// are frequent enough. report, which may be nil, is told how many tokens of how
	// many are there. Errors are that of ctx, and texts without words.
	Train(ctx context.Context, texts iter.Seq[string], report func(done, total int)) (*Tokenizer, error)
}

// Tokenizer is a trained vocabulary with what splits text into words. It does not
// change, and any number of goroutines may use it at once.
type Tokenizer struct {
	model   model
	tokens  []string // by id, as the file writes them
	added   []addedToken
	special Special
	pool    sync.Pool // of *scratch
}

// A model is what kinds differ in. Words are what merges and pieces never cross.
type model interface {
	kind() string
	// words yields what a text splits into, cleaned as the kind does.
	words(text string) iter.Seq[string]
	// encode appends the ids of one word.
	encode(ids []int32, word string, s *scratch) []int32
	// decode joins tokens, none of them special.
	decode(ids []int32, tokens []string) string
	continues(id int32, token string) bool
	// parts are those of the file that are the kind's own.
	parts() parts
}

// Encode returns the ids of a text, without special tokens but the unknown one: a
// literal "[MASK]" in it is a bracket, a word and a bracket. Bytes that are not UTF-8
// are kept by BPE and removed by WordPiece.
func (t *Tokenizer) Encode(text string) []int32 {
	s := t.scratch()
	defer t.pool.Put(s)
	return t.encode(nil, text, s)
}

func (t *Tokenizer) encode(ids []int32, text string, s *scratch) []int32 {
	for word := range t.model.words(text) {
		known, ok := s.words[word]
		if !ok {
			known = t.model.encode(s.ids[:0], word, s)
			s.ids = known
			s.remember(word, known)
		}
		ids = append(ids, known...)
	}
	return ids
}

// Decode returns the text of ids. Special tokens, unknown words among them, and ids
// that are none are left out. BPE gives the very bytes that were encoded; WordPiece
// gives words with spaces between them, and no space before . , ? and !.
func (t *Tokenizer) Decode(ids []int32) string {
	kept := make([]int32, 0, len(ids))
	for _, id := range ids {
		if id >= 0 && int(id) < len(t.tokens) && !t.special.Has(id) {
			kept = append(kept, id)
		}
	}
	return t.model.decode(kept, t.tokens)
}

// Token returns a token as the file writes it ("##ing", "Ġgod"), or "" for an id that
// is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.tokens) {
		return ""
	}
	return t.tokens[id]
}

// Continues tells whether a token goes on with the word of the token before it: "##ing"
// in WordPiece, what does not begin with white space in BPE, so that a comma belongs
// to the word that it stands behind, as in RoBERTa. Special tokens and ids that are
// none do not. Of a text's first token it says nothing: that one begins a word.
func (t *Tokenizer) Continues(id int32) bool {
	return id >= 0 && int(id) < len(t.tokens) && !t.special.Has(id) && t.model.continues(id, t.tokens[id])
}

// Size returns the number of tokens, special ones included; ids are below it.
func (t *Tokenizer) Size() int { return len(t.tokens) }

// Special returns the ids of the special tokens.
func (t *Tokenizer) Special() Special { return t.special }

// Kind returns the name that HCL has for this kind.
func (t *Tokenizer) Kind() string { return t.model.kind() }
