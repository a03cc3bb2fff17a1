package tokenizer

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"sslpipe/internal/durable"
)

// document is tokenizer.json, in the order in which tokenizers writes it.
type document struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         json.RawMessage `json:"model"`
}

const formatVersion = "1.0"

// parts are what a kind says of itself in the file, as JSON.
type parts struct {
	normalizer, preTokenizer, decoder string
	// model is without vocabulary and merges.
	model  string
	merges []pair // nil for kinds that have none
}

func (m *bytePairModel) parts() parts {
	return parts{
		normalizer:   `null`,
		preTokenizer: `{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}`,
		decoder:      `{"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true}`,
		model: `{"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, ` +
			`"end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false}`,
		merges: append([]pair{}, m.merges...),
	}
}

func (m *wordPieceModel) parts() parts {
	lowercase, _ := json.Marshal(m.lowercase)
	return parts{
		normalizer: `{"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, ` +
			`"strip_accents": null, "lowercase": ` + string(lowercase) + `}`,
		preTokenizer: `{"type": "BertPreTokenizer"}`,
		decoder:      `{"type": "WordPiece", "prefix": "##", "cleanup": true}`,
		model:        `{"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100}`,
	}
}

// template lays out an example and a pair of sentences as BERT does.
func (s Special) template() string {
	type named = map[string]any
	special := func(token string, sentence int) named {
		return named{"SpecialToken": named{"id": token, "type_id": sentence}}
	}
	sequence := func(name string, sentence int) named {
		return named{"Sequence": named{"id": name, "type_id": sentence}}
	}
	first := []named{special("[CLS]", 0), sequence("A", 0), special("[SEP]", 0)}
	use := func(token string, id int32) named {
		return named{"id": token, "ids": []int32{id}, "tokens": []string{token}}
	}
	text, _ := json.Marshal(struct {
		Type    string  `json:"type"`
		Single  []named `json:"single"`
		Pair    []named `json:"pair"`
		Special named   `json:"special_tokens"`
	}{
		"TemplateProcessing", first, append(first[:3:3], sequence("B", 1), special("[SEP]", 1)),
		named{"[CLS]": use("[CLS]", s.Start), "[SEP]": use("[SEP]", s.End)},
	})
	return string(text)
}

// WriteFile writes the tokenizer as tokenizer.json, byte for byte as tokenizers would:
// whole, in place of what was there, or not at all.
func (t *Tokenizer) WriteFile(path string) error {
	text, err := t.marshal()
	if err != nil {
		return err
	}
	beside, err := os.MkdirTemp(filepath.Dir(path), ".tokenizer-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(beside) //nolint:errcheck // what is left of it harms nobody
	written := filepath.Join(beside, "tokenizer.json")
	if err := durable.WriteFile(written, text); err != nil {
		return err
	}
	if err := os.Rename(written, path); err != nil {
		return err
	}
	return durable.SyncFolder(filepath.Dir(path))
}

func (t *Tokenizer) marshal() ([]byte, error) {
	own := t.model.parts()
	model, err := t.marshalModel(own)
	if err != nil {
		return nil, err
	}
	return encodeJSON(document{
		Version:       formatVersion,
		AddedTokens:   t.added,
		Normalizer:    json.RawMessage(own.normalizer),
		PreTokenizer:  json.RawMessage(own.preTokenizer),
		PostProcessor: json.RawMessage(t.special.template()),
		Decoder:       json.RawMessage(own.decoder),
		Model:         model,
	}, "  ")
}

// marshalModel adds the vocabulary, in the order of ids, and merges to a model.
func (t *Tokenizer) marshalModel(own parts) (json.RawMessage, error) {
	var out bytes.Buffer
	out.WriteString(own.model[:len(own.model)-1] + `, "vocab": {`)
	for id, token := range t.tokens {
		entry, err := encodeJSON(token, "")
		if err != nil {
			return nil, err
		}
		number, err := json.Marshal(id)
		if err != nil {
			return nil, err
		}
		if id > 0 {
			out.WriteByte(',')
		}
		out.Write(append(append(entry, ':'), number...))
	}
	out.WriteByte('}')
	if own.merges != nil {
		names := make([][2]string, len(own.merges))
		for i, p := range own.merges {
			names[i] = [2]string{t.tokens[p.left()], t.tokens[p.right()]}
		}
		merges, err := encodeJSON(names, "")
		if err != nil {
			return nil, err
		}
		out.WriteString(`, "merges": `)
		out.Write(merges)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// encodeJSON is json.Marshal that leaves <, > and & as they are.
func encodeJSON(v any, indent string) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}
