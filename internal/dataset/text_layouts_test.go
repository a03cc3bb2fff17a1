package dataset

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// listed reads a corpus in a layout from files.
func listed(t *testing.T, layout string, columns Columns, files map[string][]byte) (*corpus, error) {
	t.Helper()
	o := testOpener(t)
	o.limits.document = 1 << 20
	tree, err := o.open(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	c := newCorpus(o)
	t.Cleanup(func() { _ = c.Close() })
	return c, c.list(Source{Layout: layout, Text: Text{Columns: columns}}, tree)
}

// documentLines describes documents: part, label and text.
func documentLines(t *testing.T, c *corpus) []string {
	t.Helper()
	var out []string
	for i, d := range c.documents {
		text, err := c.read(i)
		if err != nil {
			t.Fatal(err)
		}
		label := "-"
		if d.label >= 0 {
			label = c.labels[d.label]
		}
		out = append(out, fmt.Sprintf("%s %s %q", []string{"train", "validation", "test", "unlabelled"}[d.part], label, text))
	}
	return out
}

func TestTextLayouts(t *testing.T) {
	b := func(s string) []byte { return []byte(s) }
	for name, c := range map[string]struct {
		layout  string
		columns Columns
		files   map[string][]byte
		want    []string
		skipped string
		ignored int
	}{
		"paragraphs": {"text", Columns{}, map[string][]byte{
			"book.txt": b("\ufeffIn the beginning\r\nwas the word.  \r\n \t\r\n\r\nThe end.\n"), "README.txt": b("about"), ".hidden.txt": b("x"), "a.png": b("x"),
		}, []string{`train - "In the beginning\nwas the word."`, `train - "The end."`}, "", 3},
		"lines, where none is blank": {"text", Columns{}, map[string][]byte{
			"wiki.train.tokens": b("one\ntwo\n"), "wiki.valid.tokens": b("three"), "wiki.test.tokens": b("\n\nfour\n\n"),
		}, []string{`test - "four"`, `train - "one"`, `train - "two"`, `validation - "three"`}, "", 0},
		"other encodings": {"text", Columns{}, map[string][]byte{
			"a.txt": b("caf\xe9\ncafé\n"),
		}, []string{`train - "café"`}, "a.txt:1 is not in UTF-8", 0},
		"compressed, and parts by folders": {"text", Columns{}, map[string][]byte{
			"train/x.txt.gz": gzipOf(t, b("one")), "test/train.txt.zst": zstdOf(t, b("two")), "unlabelled/y.txt": b("three"),
		}, []string{`test - "two"`, `train - "one"`, `unlabelled - "three"`}, "", 0},
		"documents as IMDb's": {"documents", Columns{}, map[string][]byte{
			"aclImdb/train/pos/0_9.txt": b("good\n"), "aclImdb/train/neg/1_1.txt": b("bad"), "aclImdb/test/neg/0_2.txt": b("\ufeffworse"),
			"aclImdb/train/unsup/0_0.txt": b("who knows"), "aclImdb/train/urls_pos.txt": b("http"), "aclImdb/imdbEr.txt": b("0.1"), "aclImdb/imdb.vocab": b("x"),
		}, []string{`test neg "worse"`, `train neg "bad"`, `train pos "good"`, `unlabelled - "who knows"`}, "", 3},
		"documents of classes alone": {"documents", Columns{}, map[string][]byte{
			"set/b/1.txt": b("1"), "set/a/2.txt": b("2"), "set/unlabelled/3.txt": b("3"), "set/a/4.txt": b(" \n"),
		}, []string{`train a "2"`, `train b "1"`, `unlabelled - "3"`}, "set/a/4.txt is empty", 0},
		"documents without labels": {"documents", Columns{}, map[string][]byte{
			"train/1.txt": b("1"), "test/2.txt": b("2"),
		}, []string{`test - "2"`, `train - "1"`}, "", 0},
		"csv": {"csv", Columns{}, map[string][]byte{
			"train.csv": b("\ufefflabel,id,text\r\nb,1,\"one, \"\"two\"\"\nthree\"\r\na,2, x \r\n,3,none\r\n"), "val.csv": b("text,label\ny,a\n"),
		}, []string{`train b "one, \"two\"\nthree"`, `train a "x"`, `train - "none"`, `test a "y"`}, "", 0},
		"numbers as labels": {"csv", Columns{Text: "sentence", Label: "y"}, map[string][]byte{
			"train.csv": b("sentence,y\ne,10\nf,9\ng,9,9\n"),
		}, []string{`train 10 "e"`, `train 9 "f"`}, "train.csv:4 has 3 fields, not 2", 0},
		"tsv as GLUE's": {"csv", Columns{Text: "sentence"}, map[string][]byte{
			"SST-2/train.tsv": b("sentence\tlabel\n\"a\" b\t1\nit 's\t0\n"), "SST-2/dev.tsv": b("sentence\tlabel\nc\t0\n"), "SST-2/test.tsv": b("index\tsentence\n0\td\n"),
		}, []string{`test 0 "c"`, `train 1 "\"a\" b"`, `train 0 "it 's"`}, "", 0},
		"csv without labels": {"csv", Columns{}, map[string][]byte{
			"a.csv": b("text\none\n"),
		}, []string{`train - "one"`}, "", 0},
		"jsonl": {"jsonl", Columns{Text: "body", Label: "stars"}, map[string][]byte{
			"train.jsonl": b(`{"body":"one\u00e9","stars":2,"more":{"body":1}}` + "\n\n" + `{"stars":"10","body":"two"}` + "\n" + `{"body":"three","stars":null}`),
			"test.jsonl":  b(`{"body":"four"}` + "\n" + `{"body":"five","stars":2}`),
		}, []string{`test 2 "five"`, `train 2 "oneé"`, `train 10 "two"`, `train - "three"`}, "", 0},
		"csv of classes": {"csv-classes", Columns{}, map[string][]byte{
			"ag/train.csv": b("\"3\",\"Bears\",\"Claw back\\band\"\n\"1\",\"Talks\",\"on\\nend\"\n"), "ag/test.csv": b("3,a,b\n"), "ag/classes.txt": b("x"),
		}, []string{`train 3 "Bears\nClaw back band"`, `train 1 "Talks\non\nend"`, `test 3 "a\nb"`}, "", 1},
	} {
		got, err := listed(t, c.layout, c.columns, c.files)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var skips []string
		for _, s := range got.skipped {
			skips = append(skips, s.Name+" "+s.Reason)
		}
		if l := documentLines(t, got); !slices.Equal(l, c.want) || got.ignored != c.ignored || strings.Join(skips, "; ") != c.skipped {
			t.Errorf("%s: %d ignored, skipped %q and\n%s\nwant %d, %q and\n%s", name, got.ignored, skips, strings.Join(l, "\n"), c.ignored, c.skipped, strings.Join(c.want, "\n"))
		}
	}
}

func TestTextLayoutsRefuse(t *testing.T) {
	long := bytes.Repeat([]byte("x"), 2<<20)
	for want, c := range map[string]struct {
		layout  string
		columns Columns
		name    string
		data    string
	}{
		"holds no files of text (.txt, .text, .tokens, .raw": {"text", Columns{}, "a.pdf", "x"},
		"holds no documents": {"text", Columns{}, "a.txt", "\n\n"},
		"b.txt:1: has more than 1048576 bytes without an end":                                {"text", Columns{}, "b.txt", string(long)},
		`c.csv:1: no column is called "text", only id, body: say which`:                      {"csv", Columns{}, "c.csv", "id,body\n1,x\n"},
		`d.csv:1: no column is called "y", only text`:                                        {"csv", Columns{Label: "y"}, "d.csv", "text\nx\n"},
		`e.csv:2: bare " in non-quoted-field`:                                                {"csv", Columns{}, "e.csv", "text\nx\"y\n"},
		"f.csv: has more than 1048576 bytes without an end":                                  {"csv", Columns{}, "f.csv", "text\n\"" + string(long)},
		"g.jsonl:2: is no JSON object":                                                       {"jsonl", Columns{}, "g.jsonl", `{"text":"x"}` + "\n[1]\n"},
		`h.jsonl:1: has no string "text": say which key`:                                     {"jsonl", Columns{}, "h.jsonl", `{"text":["x"]}`},
		"i.jsonl:1: has a label that is no string and no integer":                            {"jsonl", Columns{}, "i.jsonl", `{"text":"x","label":0.5}`},
		"j.jsonl:1: is no JSON object: invalid character '[' exceeded max depth":             {"jsonl", Columns{}, "j.jsonl", `{"text":` + strings.Repeat("[", 20000)},
		`k.csv:2: the class "\x1b[2J" cannot be shown in a table`:                            {"csv", Columns{}, "k.csv", "text,label\nx,\x1b[2J\n"},
		"l.csv:10002: has label 10001, more than a classifier tells apart: are these labels": {"csv", Columns{}, "l.csv", "text,label\n" + counted(10_002, "x,%d\n")},
		"m.txt:10001 is not in UTF-8, and so are 10000 others":                               {"text", Columns{}, "m.txt", strings.Repeat("\xff\n", 10_002)},
		"holds no train.csv": {"csv-classes", Columns{}, "test.csv", "1,x\n"},
	} {
		_, err := listed(t, c.layout, c.columns, map[string][]byte{c.name: []byte(c.data)})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %.300v, want %q", err, want)
		}
	}
}

func counted(n int, format string) string {
	var text strings.Builder
	for i := range n {
		fmt.Fprintf(&text, format, i)
	}
	return text.String()
}
