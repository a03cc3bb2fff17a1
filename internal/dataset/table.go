package dataset

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Columns names what a table, or an object of JSON, calls a document and its label;
// "" is "text" and "label".
type Columns struct{ Text, Label string }

func (c Columns) text() string  { return cmp.Or(c.Text, "text") }
func (c Columns) label() string { return cmp.Or(c.Label, "label") }

var tableEndings = []string{".csv", ".tsv"}

// readCSV reads tables: RFC 4180 where commas separate, and lines where tabs do,
// which has no quotes (IANA's text/tab-separated-values, and GLUE's files).
func readCSV(c *corpus, t tree, columns Columns) error {
	return c.eachFile(t, tableEndings, func(name string, b blob) error {
		table := table{corpus: c, columns: columns, part: partOfFile(name)}
		if path.Ext(plainName(strings.ToLower(name))) == ".tsv" {
			return c.eachLine(name, b, func(at textPlace, line string) error {
				return table.row(at, strings.Split(line, "\t"))
			})
		}
		return c.eachRecord(name, b, table.row)
	})
}

// table is a file while it is read.
type table struct {
	corpus  *corpus
	columns Columns
	part    part

	width       int // columns; 0 before the first row
	text, label int // places of the columns; label is -1 where there is none
}

// row takes a row; the first names the columns.
func (t *table) row(at textPlace, fields []string) error {
	if t.width == 0 {
		return t.head(at, fields)
	}
	if len(fields) != t.width {
		return t.corpus.skip(at, fmt.Sprintf("has %d fields, not %d", len(fields), t.width))
	}
	label := ""
	if t.label >= 0 {
		label = fields[t.label]
	}
	return t.corpus.add(at, t.part, label, fields[t.text])
}

func (t *table) head(at textPlace, names []string) error {
	t.width = len(names)
	for i, name := range names {
		names[i] = strings.TrimSpace(name)
	}
	t.text, t.label = slices.Index(names, t.columns.text()), slices.Index(names, t.columns.label())
	switch {
	case t.text < 0:
		return fmt.Errorf("%s: no column is called %q, only %s: say which holds the text by text_column", at, t.columns.text(), shorten(names))
	case t.label < 0 && t.columns.Label != "" && t.part == partTrain:
		return fmt.Errorf("%s: no column is called %q, only %s: say which holds the labels by label_column", at, t.columns.label(), shorten(names))
	}
	return nil
}

// eachRecord calls f with the records of a file that are separated by commas. They
// are valid until the next.
func (c *corpus) eachRecord(name string, b blob, f func(at textPlace, fields []string) error) error {
	bounded := &boundedReader{r: c.reader(b), tooLong: c.tooLong()}
	r := csv.NewReader(bounded)
	r.FieldsPerRecord, r.ReuseRecord = -1, true
	for {
		bounded.left = c.opener.limits.document
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if wrong, ok := errors.AsType[*csv.ParseError](err); ok {
			return fmt.Errorf("%s: %w", textPlace{name, wrong.StartLine}, wrong.Err)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", shown(name), err)
		}
		line, _ := r.FieldPos(0)
		if err := f(textPlace{name, line}, fields); err != nil {
			return err
		}
	}
}

// boundedReader fails where one record asks for too much: a quote that nobody closes
// takes all that follows.
type boundedReader struct {
	r       *bufio.Reader
	left    int
	tooLong error
}

func (b *boundedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.tooLong
	}
	n, err := b.r.Read(p)
	b.left -= n
	return n, err
}

// csvClasses are the files of Zhang et al.
var csvClasses = []string{"train.csv", "test.csv"}

// readCSVClasses reads tables without a first line: the number of the class, and texts
// such as a title and a description, which make one document. In them a backslash
// with an n is the end of a line.
func readCSVClasses(c *corpus, t tree, _ Columns) error {
	for _, want := range csvClasses {
		name, found := byBase(t)[want]
		if !found {
			return fmt.Errorf("holds no %s", want)
		}
		p := partOfFile(want)
		err := c.withFile(t, name, func(b blob) error {
			return c.eachRecord(name, b, func(at textPlace, fields []string) error {
				if len(fields) < 2 {
					return c.skip(at, "has no class and text")
				}
				text := strings.Join(fields[1:], "\n")
				return c.add(at, p, fields[0], strings.ReplaceAll(strings.ReplaceAll(text, `\n`, "\n"), `\`, " "))
			})
		})
		if err != nil {
			return err
		}
	}
	c.ignored = len(t.names()) - len(csvClasses)
	return nil
}
