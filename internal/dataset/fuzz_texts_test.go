package dataset

import (
	"path"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// listTexts lists documents in a layout and checks what every caller relies on: text
// that is UTF-8 and not empty, labels that exist and can be shown, errors that name a
// file, nothing beyond the limits.
func listTexts(t *testing.T, layout string, columns Columns, files memory) *corpus {
	c := newCorpus(fuzzOpener(t))
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := c.list(Source{Layout: layout, Text: Text{Columns: columns}}, files); err != nil {
		named := strings.HasPrefix(err.Error(), "holds no ")
		for name := range files {
			named = named || strings.Contains(err.Error(), shown(name)) || strings.Contains(err.Error(), path.Base(name))
		}
		if !named || !printable(err.Error()) {
			t.Errorf("the error names no file, or cannot be shown: %q", err)
		}
		return nil
	}
	if err := checkLabels(c.labels); err != nil || !slices.IsSortedFunc(c.labels, compareLabels) {
		t.Fatalf("labels %q, error %v", c.labels, err)
	}
	if len(c.documents) > smallLimits.documents {
		t.Fatalf("%d documents", len(c.documents))
	}
	for i, d := range c.documents {
		text, err := c.read(i)
		if err != nil || text == "" || !utf8.ValidString(text) || len(text) > smallLimits.document || text != strings.TrimSpace(text) {
			t.Fatalf("document %d is %q, error %v", i, text, err)
		}
		if d.label < -1 || d.label >= len(c.labels) || d.label < 0 && len(c.labels) > 0 && (d.part == partTest || d.part == partValidation) {
			t.Fatalf("document %d of part %d has label %d of %d", i, d.part, d.label, len(c.labels))
		}
	}
	return c
}

func FuzzText(f *testing.F) {
	f.Add([]byte("one\ntwo\n"))
	f.Add([]byte("\xef\xbb\xbfone\r\ntwo\r\n \t\r\n\r\nthree"))
	f.Add([]byte("caf\xe9\n\ncaf\xc3\xa9\x00\x1b[2J"))
	f.Add([]byte(strings.Repeat("long ", 300)))
	f.Add(gzipOf(f, []byte("one\n\ntwo")))
	f.Fuzz(func(t *testing.T, data []byte) {
		listTexts(t, "text", Columns{}, memory{"a.txt": data})
	})
}

func FuzzDocuments(f *testing.F) {
	for _, names := range []string{
		"train/a/1.txt\ntrain/b/2.txt\ntest/a/3.txt", "a/1.txt\nb/2.txt\nunsup/3.txt", "1.txt", "train/1.txt\ntest/2.txt",
		"train/unsup/1.txt\ntrain/urls.txt\nREADME.txt\ntest/\x1b[2J/1.txt", "extra/a/1.txt\ntrain/a/1.txt",
	} {
		f.Add(names)
	}
	f.Fuzz(func(t *testing.T, names string) {
		files := named(names)
		if c := listTexts(t, "documents", Columns{}, files); c != nil && len(c.documents)+c.ignored > len(files) {
			t.Errorf("%d documents and %d others of %d files", len(c.documents), c.ignored, len(files))
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("text,label\na,1\n\"b \"\"c\"\"\nd\",10\n"), []byte("label,text\n2,x\n"), "", "csv")
	f.Add([]byte("\xef\xbb\xbfsentence\tlabel\n\"a\t1\n"), []byte("index\tsentence\n0\tb"), "sentence", "tsv")
	f.Add([]byte("text\n\"open"), []byte("text,label\n\x1b[2J,\x1b[2J"), "", "csv")
	f.Add([]byte("a\x00b\n1"), []byte{}, "a\x00b", "csv")
	f.Fuzz(func(t *testing.T, train, test []byte, column, ending string) {
		if ending != "tsv" {
			ending = "csv"
		}
		listTexts(t, "csv", Columns{Text: column}, memory{"train." + ending: train, "test." + ending: test})
	})
}

func FuzzCSVClasses(f *testing.F) {
	f.Add([]byte("\"3\",\"a\",\"b\\nc\\\\d\"\n1,x\n"), []byte("2,y\n"))
	f.Add([]byte("3\n"), []byte(",,\n\"\n"))
	f.Fuzz(func(t *testing.T, train, test []byte) {
		listTexts(t, "csv-classes", Columns{}, memory{"train.csv": train, "test.csv": test})
	})
}

func FuzzJSONL(f *testing.F) {
	f.Add([]byte(`{"text":"a","label":1}`+"\n"+`{"label":"b","text":"\u00e9\ud800"}`), "")
	f.Add([]byte(`{"body":"a","text":{},"text":["x"]}`+"\n\n"+`{"body":null}`), "body")
	f.Add([]byte(`{"text":`+strings.Repeat("[", 500)), "")
	f.Add([]byte(`{"text":"a","label":1e400}`), "")
	f.Fuzz(func(t *testing.T, data []byte, column string) {
		listTexts(t, "jsonl", Columns{Text: column}, memory{"test.jsonl": data})
	})
}
