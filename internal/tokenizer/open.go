package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"sslpipe/internal/bounded"
)

// What a file may hold. Real ones have a few megabytes; reading takes some ten times
// the memory of the file.
const (
	maxFile    = 32 << 20 // bytes
	maxTokens  = 1 << 19
	maxSetting = 1 << 16 // bytes of a part that is not the model
)

// Open reads a tokenizer.json: one of WriteFile, or of BERT's or GPT-2's make that has
// the five special tokens of Special. Whatever would give other ids than Hugging Face's
// tokenizers is an error that names it.
func Open(path string) (*Tokenizer, error) {
	text, err := bounded.ReadFile(path, maxFile)
	if err != nil {
		return nil, err
	}
	t, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("read tokenizer %s: %w", path, err)
	}
	return t, nil
}

func parse(text []byte) (*Tokenizer, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var d document
	if err := decoder.Decode(&d); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("has something behind its end")
	}
	if d.Version != formatVersion {
		return nil, fmt.Errorf("version is %q; only %q is known", d.Version, formatVersion)
	}
	v, err := readVocabulary(d)
	if err != nil {
		return nil, err
	}
	m, err := v.model(d)
	if err != nil {
		return nil, err
	}
	t := newTokenizer(m, v.tokens, d.AddedTokens)
	return t, d.check(t)
}

// check compares all settings with those that t has.
func (d document) check(t *Tokenizer) error {
	own := t.model.parts()
	return errors.Join(
		same("truncation", d.Truncation, `null`),
		same("padding", d.Padding, `null`),
		same("normalizer", d.Normalizer, own.normalizer),
		same("pre_tokenizer", d.PreTokenizer, own.preTokenizer),
		same("post_processor", d.PostProcessor, t.special.template()),
		same("decoder", d.Decoder, own.decoder),
	)
}

// vocabulary is the model of a file, read but not understood.
type vocabulary struct {
	kind     string // of the file's names: BPE or WordPiece
	tokens   []string
	ids      map[string]int32
	merges   json.RawMessage
	settings json.RawMessage // what else the model has
}

func readVocabulary(d document) (vocabulary, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(d.Model, &fields); err != nil {
		return vocabulary{}, fmt.Errorf("model: %w", err)
	}
	v := vocabulary{merges: fields["merges"]}
	raw := fields["vocab"]
	delete(fields, "vocab")
	delete(fields, "merges")
	settings, err := json.Marshal(fields)
	if err != nil {
		return v, err
	}
	v.settings = settings
	if v.kind, err = typeOf(v.settings, "model", "BPE", "WordPiece"); err != nil {
		return v, err
	}
	if bytes.Count(raw, []byte(":")) > 2*maxTokens { // a token may have one too
		return v, fmt.Errorf("model.vocab has more than %d tokens", maxTokens)
	}
	if err := json.Unmarshal(raw, &v.ids); err != nil {
		return v, fmt.Errorf("model.vocab: %w", err)
	}
	if v.tokens, err = inOrder(v.ids); err != nil {
		return v, err
	}
	return v, checkAdded(d.AddedTokens, v.ids)
}

// inOrder lists tokens by their ids, which must be all from 0.
func inOrder(ids map[string]int32) ([]string, error) {
	tokens, found := make([]string, len(ids)), make([]bool, len(ids))
	for token, id := range ids {
		if id < 0 || int(id) >= len(ids) || found[id] {
			return nil, fmt.Errorf("model.vocab: the ids of %d tokens must be 0 to %d, each once", len(ids), len(ids)-1)
		}
		tokens[id], found[id] = token, true
	}
	return tokens, nil
}

// checkAdded wants the five special tokens, and no others.
func checkAdded(added []addedToken, ids map[string]int32) error {
	missing := slices.Clone(specialTokens)
	for _, a := range added {
		at := slices.Index(missing, a.Content)
		switch id, ok := ids[a.Content]; {
		case at < 0:
			return fmt.Errorf("added_tokens: %q is none of %s, or there twice", a.Content, strings.Join(specialTokens, " "))
		case !ok || id != a.ID:
			return fmt.Errorf("added_tokens: %s must be in the vocabulary with the id %d too", a.Content, a.ID)
		case a.SingleWord || a.RStrip || a.Normalized || !a.Special:
			return fmt.Errorf("added_tokens: %s must be special, and neither single_word, rstrip nor normalized", a.Content)
		}
		missing = slices.Delete(missing, at, at+1)
	}
	if len(missing) > 0 {
		return fmt.Errorf("added_tokens lacks %s", strings.Join(missing, " "))
	}
	return nil
}

// model makes the model that the file names.
func (v vocabulary) model(d document) (model, error) {
	read := v.bytePairModel
	if v.kind == "WordPiece" {
		read = v.wordPieceModel
	}
	m, err := read(d)
	if err != nil {
		return nil, err
	}
	return m, same("model", v.settings, m.parts().model)
}

func (v vocabulary) wordPieceModel(d document) (model, error) {
	if _, err := typeOf(d.Normalizer, "normalizer", "BertNormalizer"); err != nil {
		return nil, err
	}
	var normalizer struct {
		Lowercase bool `json:"lowercase"`
	}
	if err := json.Unmarshal(d.Normalizer, &normalizer); err != nil {
		return nil, fmt.Errorf("normalizer: %w", err)
	}
	m := &wordPieceModel{lowercase: normalizer.Lowercase}
	m.learn(v.ids)
	return m, nil
}

func (v vocabulary) bytePairModel(document) (model, error) {
	merges, err := v.readMerges()
	if err != nil {
		return nil, err
	}
	return newBytePairModel(v.tokens, v.ids, merges), nil
}

// readMerges reads pairs of tokens, which older files have as one string each.
func (v vocabulary) readMerges() ([]pair, error) {
	for b, letter := range byteLetters {
		if _, ok := v.ids[string(letter)]; !ok {
			return nil, fmt.Errorf("model.vocab has no token for the byte 0x%02x, which is written %q", b, letter)
		}
	}
	if bytes.Count(v.merges, []byte(",")) > 4*maxTokens {
		return nil, fmt.Errorf("model.merges has more than %d pairs", maxTokens)
	}
	var names []mergeNames
	if err := json.Unmarshal(v.merges, &names); err != nil {
		return nil, fmt.Errorf("model.merges: %w", err)
	}
	merges := make([]pair, len(names))
	for i, n := range names {
		left, hasLeft := v.ids[n[0]]
		right, hasRight := v.ids[n[1]]
		if _, ok := v.ids[n[0]+n[1]]; !ok || !hasLeft || !hasRight {
			return nil, fmt.Errorf("model.merges[%d]: %q, %q and both together must be in the vocabulary", i, n[0], n[1])
		}
		merges[i] = pairOf(left, right)
	}
	return merges, nil
}

// mergeNames is a merge in the file: ["a", "b"] or "a b".
type mergeNames [2]string

// UnmarshalJSON implements json.Unmarshaler.
func (n *mergeNames) UnmarshalJSON(text []byte) error {
	var list []string
	if text[0] == '"' {
		var both string
		if err := json.Unmarshal(text, &both); err != nil {
			return err
		}
		list = strings.Split(both, " ")
	} else if err := json.Unmarshal(text, &list); err != nil {
		return err
	}
	if len(list) != 2 || list[0] == "" || list[1] == "" {
		return fmt.Errorf("a merge is two tokens, not %.100s", text)
	}
	*n = mergeNames(list)
	return nil
}
