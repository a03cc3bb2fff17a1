package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tokenizer"
)

// letters is a tokeniser whose tokens are the letters of a corpus of words of one
// letter: 5 is the first of them in the alphabet, 6 the next.
func letters() tokenizer.Trainer {
	return &tokenizer.WordPiece{Vocabulary: 64, Lowercase: true, MinFrequency: 1}
}

// sequences returns the sequences of a split with their labels.
func sequences(t *testing.T, d *Dataset, split string) []string {
	t.Helper()
	indices, err := d.Split(split)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range indices {
		out = append(out, fmt.Sprint(d.Label(i), tokensOf(t, d, i)))
	}
	return out
}

func wantSequences(t *testing.T, d *Dataset, split string, want ...string) {
	t.Helper()
	if got := sequences(t, d, split); !slices.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", split, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPrepareLabelledText(t *testing.T) {
	path := write(t, map[string][]byte{
		"train.csv": []byte("label,text\nx,a b\ny,b c d e f g\nx,b\n,c\nz,d d\ny,A  b\n"),
		// The second of them is no label of the selection, and the last equals one for training
		// in its tokens.
		"test.csv": []byte("label,text\nx,g f\nz,h h\ny,a B\n"),
		"val.csv":  []byte("label,text\ny,e\nx,f\n"),
	})
	d := prepare(t, Source{
		Path: path, Layout: "csv", Classes: map[string]string{"ex": "x", "why": "y"},
		Text: Text{Length: 6, Tokenizer: letters()},
	})
	if d.Meta.Shape != [3]int{1, 6, 1} || d.Meta.Text.Tokenizer != "wordpiece" || d.Meta.Text.Vocabulary != 19 || !slices.Equal(d.Meta.Classes, []string{"ex", "why"}) {
		t.Errorf("%+v, text %+v", d.Meta, d.Meta.Text)
	}
	wantSequences(t, d, Test, "0 [2 11 10 3 0 0]", "1 [2 5 6 3 0 0]")
	wantSequences(t, d, Validation, "1 [2 9 3 0 0 0]", "0 [2 10 3 0 0 0]")
	wantSequences(t, d, Train, "1 [2 6 7 8 9 3]", "0 [2 6 3 0 0 0]")
	// b c d e f g [SEP] b [SEP] c [SEP] d d, in windows of four; the last token is left over.
	wantSequences(t, d, Unlabelled, "-1 [2 6 7 8 9 3]", "-1 [2 10 11 3 6 3]", "-1 [2 3 7 3 8 3]")
	want := TextReport{Documents: 8, Tokens: 16, Truncated: 1}
	if r := d.Report; *r.Text != want || r.Duplicates["train"] != 2 || r.Images != 9 {
		t.Errorf("report %+v, text %+v", r, *r.Text)
	}
}

func TestPrepareUnlabelledText(t *testing.T) {
	files := map[string][]byte{"a.txt": []byte(counted(100, "word%d of a line\n"))}
	s := Source{Path: write(t, files), Layout: "text", Text: Text{Length: 8, HeldOut: 0.1}}
	d := prepare(t, s)
	if len(d.Meta.Classes) != 0 || d.Meta.Splits[Train] != 0 || d.Report.Text.Documents != 100 {
		t.Errorf("%v, report %+v", d.Meta, *d.Report.Text)
	}
	tok, err := tokenizer.Open(filepath.Join(prepared(t, s), TokenizerFile))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, split := range []string{Unlabelled, Validation, Test} {
		indices, err := d.Split(split)
		if err != nil {
			t.Fatal(err)
		}
		var text []int32
		for _, i := range indices {
			tokens := tokensOf(t, d, i)
			if d.Label(i) != -1 || tokens[0] != tok.Special().Start || tokens[7] != tok.Special().End || slices.Contains(tokens, 0) {
				t.Fatalf("%s window %v with label %d", split, tokens, d.Label(i))
			}
			text = append(text, tokens[1:7]...)
		}
		for line := range slices.Values(splitAt(text, tok.Special().End)) {
			seen[fmt.Sprint(line)] += split + " "
		}
	}
	for line, splits := range seen {
		if strings.Count(splits, " ") > 1 && len(line) > 20 {
			t.Errorf("%s is in %s", line, splits)
		}
	}
	if d.Meta.Splits[Test] == 0 || d.Meta.Splits[Validation] == 0 || d.Meta.Splits[Unlabelled] < 7*d.Meta.Splits[Test] {
		t.Errorf("splits %v", d.Meta.Splits)
	}
	all := sequences(t, d, Unlabelled)
	s.UnlabelledLimit = 5
	for _, window := range sequences(t, prepare(t, s), Unlabelled) {
		if !slices.Contains(all, window) {
			t.Errorf("%s is no window without the limit", window)
		}
	}
	if n := prepare(t, s).Meta.Splits[Unlabelled]; n != 5 {
		t.Errorf("%d windows, want 5", n)
	}
}

func splitAt(tokens []int32, end int32) (parts [][]int32) {
	for {
		at := slices.Index(tokens, end)
		if at < 0 {
			return append(parts, tokens)
		}
		parts, tokens = append(parts, tokens[:at]), tokens[at+1:]
	}
}

// prepared returns the folder of a prepared source.
func prepared(t *testing.T, s Source) string {
	t.Helper()
	dst := t.TempDir()
	if _, err := Prepare(t.Context(), s, t.TempDir(), dst, Watch{}); err != nil {
		t.Fatal(err)
	}
	return dst
}

func TestShortTextIsOneWindow(t *testing.T) {
	path := filepath.Join(write(t, map[string][]byte{"a.txt": []byte("b a")}), "a.txt")
	d := prepare(t, Source{Path: path, Layout: "text", Text: Text{Length: 8, Tokenizer: letters()}})
	wantSequences(t, d, Unlabelled, "-1 [2 6 5 3 0 0 0 0]")
	wantSequences(t, d, Test)
}

// The vocabulary knows no word of documents for validation or test.
func TestVocabularyIsOfTrainingAlone(t *testing.T) {
	s := Source{Path: write(t, map[string][]byte{
		"wiki.train.tokens": []byte("a b c\nb c d\n"), "wiki.valid.tokens": []byte("x x x x\n"), "wiki.test.tokens": []byte("y y a y\n"),
	}), Layout: "text", Text: Text{Length: 8, Tokenizer: letters()}}
	d := prepare(t, s)
	wantSequences(t, d, Unlabelled, "-1 [2 5 6 7 3 6 7 3]")
	wantSequences(t, d, Validation, "-1 [2 1 1 1 1 3 0 0]")
	wantSequences(t, d, Test, "-1 [2 1 1 5 1 3 0 0]")
	if d.Meta.Text.Vocabulary != 13 || d.Report.Text.UnknownShare != 0.5 {
		t.Errorf("vocabulary %d, %v unknown", d.Meta.Text.Vocabulary, d.Report.Text.UnknownShare)
	}
}

func TestTokenizerOfOtherText(t *testing.T) {
	first := prepared(t, Source{Path: write(t, map[string][]byte{"a.txt": []byte("c b a\n")}), Layout: "text", Text: Text{Tokenizer: letters()}})
	d := prepare(t, Source{Path: write(t, map[string][]byte{"a.txt": []byte("a z")}), Layout: "text", Text: Text{Length: 4, TokenizerOf: first}})
	wantSequences(t, d, Unlabelled, "-1 [2 5 1 3]")
	meta, err := Open(first)
	if err != nil {
		t.Fatal(err)
	}
	if !d.Meta.Text.Same(meta.Meta.Text) {
		t.Errorf("tokens of %+v and %+v", d.Meta.Text, meta.Meta.Text)
	}
}

// What is prepared again gives the same bytes, from an archive as well, and whatever an
// interrupted attempt has left.
func TestPreparedTextIsTheSame(t *testing.T) {
	files := map[string][]byte{}
	var entries []entry
	for i := range 300 {
		name := fmt.Sprintf("%s/%s/%d.txt", []string{"train", "train", "test"}[i%3], []string{"neg", "pos"}[i%2], i)
		files[name] = []byte(strings.Repeat(fmt.Sprintf("word%d and ", i%7), i%40+1) + fmt.Sprint(i))
		entries = append(entries, entry{name: name, body: string(files[name])})
	}
	archive := filepath.Join(t.TempDir(), "a.tar.zst")
	if err := os.WriteFile(archive, zstdOf(t, tarOf(t, entries)), 0o644); err != nil {
		t.Fatal(err)
	}
	s := Source{Path: write(t, files), Layout: "documents", ValidationPerClass: 10, Text: Text{Length: 32}}
	want, dst := prepared(t, s), t.TempDir()
	s.Path = archive
	for _, note := range []string{"counting words", "learning a vocabulary", "tokenising", "cutting windows", ""} {
		ctx, cancel := context.WithCancel(t.Context())
		_, err := Prepare(ctx, s, t.TempDir(), dst, Watch{Report: func(_, _ int64, now string) {
			if now == note {
				cancel()
			}
		}})
		cancel()
		// Words are counted without a report in small texts.
		if _, opened := Open(dst); note != "" && note != "counting words" && (!errors.Is(err, context.Canceled) || opened == nil) {
			t.Errorf("interrupted while %s: error %v, opening it %v", note, err, opened)
		}
		if note == "" && err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{tokensFile, labelsFile, splitsFile, reportFile, TokenizerFile} {
		a, errA := os.ReadFile(filepath.Join(want, name))
		b, errB := os.ReadFile(filepath.Join(dst, name))
		if errA != nil || errB != nil || !bytes.Equal(a, b) || len(a) == 0 {
			t.Errorf("%s: %d and %d bytes, errors %v and %v", name, len(a), len(b), errA, errB)
		}
	}
	left, err := fs.Glob(os.DirFS(dst), ".*")
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v, error %v", left, err)
	}
}

func TestPrepareTextRefuses(t *testing.T) {
	table := write(t, map[string][]byte{"a.csv": []byte("text,label\n" + counted(60, "a,%d\n"))})
	for want, s := range map[string]Source{
		"csv is a layout of text, which has no image size":                      {Path: table, Layout: "csv", ImageSize: 8},
		"sequences of 3 tokens: 4 to 4096 are possible":                         {Path: table, Layout: "csv", Text: Text{Length: 3}},
		"too few for 50 validation documents of each class":                     {Path: table, Layout: "csv", ValidationPerClass: 50},
		"there are no test documents: the data set has none, so test_per_class": {Path: table, Layout: "csv"},
		"2 of 3 documents cannot be read, more than 1 %: a.txt:1 is not in UTF-8": {
			Path: write(t, map[string][]byte{"a.txt": []byte("\xff\n\xfe\na\n")}), Layout: "text",
		},
		"there are no documents for training": {Path: write(t, map[string][]byte{"test.txt": []byte("a")}), Layout: "text"},
	} {
		if _, err := tryPrepare(t, s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Books are told apart by verses; whole chapters are the test.
func TestKingJames(t *testing.T) {
	d := prepare(t, Source{Name: "kjv", Classes: map[string]string{"Genesis": "Genesis", "Psalms": "Psalms"}, ValidationPerClass: 50})
	if got := fmt.Sprint(d.Meta.Shape, d.Meta.Text.Vocabulary, d.Meta.Splits); got != "[1 64 1] 4096 map[test:535 train:3359 unlabelled:13614 validation:100]" {
		t.Error(got)
	}
}

func tokensOf(t *testing.T, d *Dataset, i int) []int32 {
	t.Helper()
	tokens, err := d.Tokens(i)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}
