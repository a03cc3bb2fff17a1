package tokenizer

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The smallest files of both kinds, with all that tests and fuzzing change in them.
const (
	bpeFile = `{"version": "1.0", "truncation": null, "padding": null, "added_tokens": ADDED, "normalizer": null,
"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
"post_processor": TEMPLATE,
"decoder": {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true},
"model": {"type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null, "end_of_word_suffix": null,
"fuse_unk": false, "byte_fallback": false, "ignore_merges": false, "vocab": {BYTES, "aa": 261, "aab": 262}, "merges": [["a", "a"], ["aa", "b"]]}}`
	wordPieceFile = `{"version": "1.0", "truncation": null, "padding": null, "added_tokens": ADDED,
"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
"pre_tokenizer": {"type": "BertPreTokenizer"}, "post_processor": TEMPLATE,
"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
"model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
"vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "a": 5, "##b": 6}}}`
)

// small fills in what is long and always the same.
func small(file string) string {
	ids := map[string]int{}
	for i, token := range specialTokens {
		ids[token] = i
	}
	for i, letter := range byteOrder() {
		ids[string(letter)] = len(specialTokens) + i
	}
	vocabulary, _ := json.Marshal(ids)
	added, _ := json.Marshal(addedTokens(false))
	return strings.NewReplacer("ADDED", string(added), "TEMPLATE", specialOf(addedTokens(false)).template(),
		"BYTES", strings.Trim(string(vocabulary), "{}")).Replace(file)
}

func TestOpen(t *testing.T) {
	for file, want := range map[string]string{
		bpeFile:       "aab aa [MASK]",
		wordPieceFile: "a ##b [UNK] a [UNK] [MASK]",
		// As older versions of tokenizers wrote it.
		strings.NewReplacer(`["a", "a"], ["aa", "b"]`, `"a a", "aa b"`, `, "ignore_merges": false`, ``, `, "use_regex": true`, ``).Replace(bpeFile): "aab aa [MASK]",
		strings.Replace(bpeFile, `"trim_offsets": true`, `"trim_offsets": false`, 2):                                                                "aab aa [MASK]",
	} {
		tok, err := parse([]byte(small(file)))
		if err != nil {
			t.Error(err)
			continue
		}
		text := "aabaa[MASK]"
		if tok.Kind() == "wordpiece" {
			text = "AB abc á cab [MASK]"
		}
		if got := names(tok, tok.EncodeWithSpecials(text)); got != want {
			t.Errorf("%q is %s, wanted %s", text, got, want)
		}
	}
}

// Real vocabularies have their special tokens anywhere.
func TestOpenElsewhere(t *testing.T) {
	file := strings.NewReplacer(`"id":1,`, `"id":6,`, `"[UNK]": 1`, `"[UNK]": 6`, `"##b": 6`, `"##b": 1`).Replace(small(wordPieceFile))
	tok, err := parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Special(); got.Unknown != 6 || names(tok, tok.Encode("ab c")) != "a ##b [UNK]" {
		t.Errorf("special tokens %+v, and %v", got, tok.Encode("ab c"))
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ file, old, new, want string }{
		{wordPieceFile, `"version": "1.0"`, `"version": "2.0"`, `version is "2.0"; only "1.0" is known`},
		{wordPieceFile, `"version"`, `"edition"`, `unknown field "edition"`},
		{wordPieceFile, `"truncation": null`, `"truncation": {"max_length": 5}`, `truncation is {"max_length":5}; only null is read here`},
		{wordPieceFile, `"padding": null`, `"padding": 1`, `padding is 1; only null is read here`},
		{wordPieceFile, `"BertNormalizer"`, `"NFKC"`, `normalizer is of type "NFKC"; what is read here is BertNormalizer`},
		{wordPieceFile, `"strip_accents": null`, `"strip_accents": false`, `normalizer.strip_accents is false; only null is read here`},
		{wordPieceFile, `"lowercase": true`, `"lowercase": 1`, `normalizer: json: cannot unmarshal number`},
		{wordPieceFile, `"BertPreTokenizer"`, `"Whitespace"`, `pre_tokenizer.type is "Whitespace"; only "BertPreTokenizer" is read here`},
		{wordPieceFile, `"cleanup": true`, `"cleanup": false`, `decoder.cleanup is false; only true is read here`},
		{wordPieceFile, `"WordPiece", "unk_token"`, `"Unigram", "unk_token"`, `model is of type "Unigram"; what is read here is BPE or WordPiece`},
		{wordPieceFile, `"max_input_chars_per_word": 100`, `"max_input_chars_per_word": 99`, `model.max_input_chars_per_word is 99; only 100 is read here`},
		{wordPieceFile, `"max_input`, `"cache": 3, "max_input`, `model.cache is 3; only null is read here`},
		{wordPieceFile, `"##b": 6`, `"##b": 7`, `model.vocab: the ids of 7 tokens must be 0 to 6, each once`},
		{wordPieceFile, `"##b": 6`, `"##b": 5`, `model.vocab: the ids of 7 tokens must be 0 to 6, each once`},
		{wordPieceFile, `"##b": 6`, `"##b": 99999999999`, `model.vocab: json: cannot unmarshal number`},
		{wordPieceFile, `"##b": 6`, `"##b": -1`, `model.vocab: the ids of 7 tokens must be 0 to 6, each once`},
		{wordPieceFile, `"[MASK]": 4, "a": 5`, `"a": 4, "[MASK]": 5`, `added_tokens: [MASK] must be in the vocabulary with the id 4 too`},
		{wordPieceFile, `"added_tokens": ADDED`, `"added_tokens": []`, `added_tokens lacks [PAD] [UNK] [CLS] [SEP] [MASK]`},
		{wordPieceFile, `TEMPLATE`, `null`, `post_processor is null; only {`},
		{wordPieceFile, `TEMPLATE`, `{"type": "BertProcessing"}`, `post_processor.pair is null; only [`},
		{bpeFile, `"use_regex": true}`, `"use_regex": false}`, `pre_tokenizer.use_regex is false; only true is read here`},
		{bpeFile, `"add_prefix_space": false`, `"add_prefix_space": true`, `pre_tokenizer.add_prefix_space is true; only false is read here`},
		{bpeFile, `"normalizer": null`, `"normalizer": {"type": "NFC"}`, `normalizer is {"type":"NFC"}; only null is read here`},
		{bpeFile, `"dropout": null`, `"dropout": 0.1`, `model.dropout is 0.1; only null is read here`},
		{bpeFile, `"ignore_merges": false`, `"ignore_merges": true`, `model.ignore_merges is true; only false is read here`},
		{bpeFile, `["aa", "b"]`, `["aa", "c"]`, `model.merges[1]: "aa", "c" and both together must be in the vocabulary`},
		{bpeFile, `["aa", "b"]`, `["aa", "b", "c"]`, `a merge is two tokens, not ["aa", "b", "c"]`},
		{bpeFile, `["aa", "b"]`, `"aab"`, `a merge is two tokens, not "aab"`},
		{bpeFile, `["aa", "b"]`, `null`, `a merge is two tokens, not null`},
		{bpeFile, `BYTES, "aa": 261, "aab": 262`, `"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4`, `model.vocab has no token for the byte 0x00, which is written 'Ā'`},
		{bpeFile, `]}}`, `]}} {}`, `has something behind its end`},
		{bpeFile, `]}}`, `]`, `unexpected EOF`},
	} {
		_, err := parse([]byte(small(strings.Replace(c.file, c.old, c.new, 1))))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s: %v\nwanted %s", c.new, c.old, err, c.want)
		}
	}
}

// Files that would take much memory are refused before they do.
func TestOpenBounds(t *testing.T) {
	for want, file := range map[string]string{
		"it is too long: more than 33554432 bytes": strings.Repeat(" ", maxFile+1),
		"normalizer has more than 64 kB":           strings.Replace(wordPieceFile, `"lowercase": true`, `"lowercase": [`+strings.Repeat("[],", maxSetting)+`1]`, 1),
		"model has more than 64 kB":                strings.Replace(wordPieceFile, `"unk_token"`, `"x": "`+strings.Repeat("x", maxSetting)+`", "unk_token"`, 1),
		"model.vocab has more than 524288":         strings.Replace(wordPieceFile, `"##b": 6`, strings.Repeat(`"":0,`, 2*maxTokens)+`"##b": 6`, 1),
		"model.merges has more than 524288":        strings.Replace(bpeFile, `"merges": [`, `"merges": [`+strings.Repeat(`[],`, 4*maxTokens), 1),
		"post_processor has more than 64 kB":       strings.Replace(wordPieceFile, `TEMPLATE`, `"`+strings.Repeat("x", maxSetting)+`"`, 1),
		"added_tokens: \"x\" is none of [PAD]":     strings.Replace(wordPieceFile, `ADDED`, `[{"content": "x"}]`, 1),
		"added_tokens: [PAD] must be special, an":  strings.Replace(small(wordPieceFile), `"rstrip":false`, `"rstrip":true`, 1),
	} {
		if len(file) <= maxFile {
			file = small(file)
		}
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := os.WriteFile(path, []byte(file), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.300v\nwanted %s", err, want)
		}
	}
}

func TestWriteFile(t *testing.T) {
	tok, dir := golden(t, "bpe"), t.TempDir()
	path := filepath.Join(dir, "tokenizer.json")
	for range 2 { // new, and in place of what is there
		if err := tok.WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(filepath.Join("testdata", "bpe.json"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != string(want) {
		t.Errorf("the file changed on its way: %v", err)
	}
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := tok.WriteFile(filepath.Join(dir, "taken")); err == nil {
		t.Error("a folder was written over")
	}
	if err := tok.WriteFile(filepath.Join(dir, "none", "tokenizer.json")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 2 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	_, err = Open(filepath.Join(dir, "none.json"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
