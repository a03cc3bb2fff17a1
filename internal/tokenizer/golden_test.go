package tokenizer

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// saying is what a tokenizer makes of a text, as testdata/make_golden.py writes it.
type saying struct {
	IDs []int32 `json:"ids"`
	*More
}

// More is what is not asked for of every line. It is exported for package json.
type More struct {
	Words        []string `json:"words"`
	WithSpecials []int32  `json:"with_specials"`
	Decoded      string   `json:"decoded"`
}

// say returns what package tokenizer makes of a text. Words are spelled as the file
// spells them, and what is decoded is read as UTF-8, as in Python.
func say(tok *Tokenizer, text string) saying {
	out := saying{append([]int32{}, tok.Encode(text)...), &More{Words: []string{}}}
	for word := range tok.model.words(text) {
		if tok.Kind() == "bpe" {
			var spelled strings.Builder
			for i := range len(word) {
				spelled.WriteRune(byteLetters[word[i]])
			}
			word = spelled.String()
		}
		out.Words = append(out.Words, word)
	}
	out.WithSpecials = append([]int32{}, tok.EncodeWithSpecials(text)...)
	out.Decoded = strings.ToValidUTF8(tok.Decode(out.WithSpecials), "\ufffd")
	return out
}

type goldenLine struct {
	Text      string `json:"text"`
	BPE       saying `json:"bpe"`
	WordPiece saying `json:"wordpiece"`
}

func goldenLines(t testing.TB) []goldenLine {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "lines.json"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []goldenLine
	if err := json.Unmarshal(text, &lines); err != nil {
		t.Fatal(err)
	}
	return lines
}

// corpus returns the verses that golden vocabularies were learned from.
func corpus(t testing.TB) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "corpus.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
}

func golden(t testing.TB, kind string) *Tokenizer {
	t.Helper()
	tok, err := Open(filepath.Join("testdata", kind+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Hugging Face's tokenizers says the same of lines that are hard to split.
func TestGoldenLines(t *testing.T) {
	bpe, wordPiece := golden(t, "bpe"), golden(t, "wordpiece")
	same := cmpopts.EquateEmpty()
	for _, line := range goldenLines(t) {
		if diff := cmp.Diff(line.BPE, say(bpe, line.Text), same); diff != "" {
			t.Errorf("bpe of %q (-want +got):\n%s", line.Text, diff)
		}
		if diff := cmp.Diff(line.WordPiece, say(wordPiece, line.Text), same); diff != "" {
			t.Errorf("wordpiece of %q (-want +got):\n%s", line.Text, diff)
		}
	}
}

// Training gives the files of other trainers byte for byte: that of tokenizers for BPE,
// a plain one in Python for WordPiece.
func TestGoldenTraining(t *testing.T) {
	texts := corpus(t)
	for _, line := range goldenLines(t) {
		texts = append(texts, line.Text)
	}
	for kind, trainer := range map[string]Trainer{
		"bpe":       &BytePairs{Vocabulary: 600, MinFrequency: 2},
		"wordpiece": &WordPiece{Vocabulary: 500, MinFrequency: 2, Lowercase: true},
	} {
		want, err := os.ReadFile(filepath.Join("testdata", kind+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), written(t, train(t, trainer, texts...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// answers are all that check_tokenizer.py is asked about one tokenizer.
type answers struct {
	File  string   `json:"file"`
	Lines []answer `json:"lines"`
}

type answer struct {
	Text string `json:"text"`
	saying
}

// Hugging Face's tokenizers loads what was trained here and says the same of 10,000
// lines of all sorts.
func TestTokenizersInPython(t *testing.T) {
	python := os.Getenv("SSLPIPE_REFEREE_PYTHON")
	if python == "" {
		t.Skip("SSLPIPE_REFEREE_PYTHON does not name a Python with tokenizers")
	}
	dir, verses := t.TempDir(), corpus(t)
	lines := mixedLines(verses, 10_000)
	said := map[string]answers{}
	for name, c := range map[string]struct {
		trainer Trainer
		lines   int
	}{
		"bpe":             {&BytePairs{Vocabulary: 1500, MinFrequency: 2}, len(lines)},
		"wordpiece":       {&WordPiece{Vocabulary: 1500, MinFrequency: 2, Lowercase: true}, len(lines)},
		"wordpiece-cased": {&WordPiece{Vocabulary: 1000, MinFrequency: 2}, 1000},
	} {
		tok := train(t, c.trainer, append(lines[:200:200], verses...)...)
		said[name] = ask(t, tok, filepath.Join(dir, name+".json"), lines[:c.lines])
	}
	text, err := json.Marshal(said)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "answers.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-B", "testdata/check_tokenizer.py", file).CombinedOutput()
	if err != nil {
		t.Error(err)
	}
	t.Logf("%s", out)
}

// ask asks for the ids of all lines, and for all else where it may well differ: one line
// in twenty, those that special tokens are in, and those of strange characters.
func ask(t *testing.T, tok *Tokenizer, file string, lines []string) answers {
	t.Helper()
	if err := tok.WriteFile(file); err != nil {
		t.Fatal(err)
	}
	a := answers{File: file}
	for i, line := range lines {
		said := say(tok, line)
		if i%20 > 0 && !strings.Contains(line, "[MASK]") && !strings.Contains(line, "b1") {
			said.More = nil
		}
		a.Lines = append(a.Lines, answer{line, said})
	}
	return a
}
