package dataset

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// What a corpus may have. They keep lists of documents in memory, and one document
// at a time.
const (
	maxDocument  = 64 << 20 // bytes of a document, line or record
	maxDocuments = 1 << 23  // about 110 bytes of memory each
	maxClasses   = 10_000
	maxSkips     = 10_000
)

// corpus is what a layout of text finds: documents in a fixed order, with the text of
// all of them, one behind the other, spooled to where it can be read again.
type corpus struct {
	labels    []string // of the classes, in label order
	documents []document
	text      blob
	skipped   []Skip // documents that are no UTF-8 or empty
	ignored   int    // files that are no text

	opener opener
	spool  *spoolWriter   // text, while it is written
	seen   map[string]int // labels in the order in which they came
}

// document is one text; its record says where it belongs.
type document struct {
	record
	offset int64
	length int
}

func newCorpus(o opener) *corpus {
	return &corpus{opener: o, spool: &spoolWriter{opener: o}, seen: map[string]int{}}
}

// textPlace says where in the files a document is, for messages.
type textPlace struct {
	file string
	line int // 0: the whole file
}

func (p textPlace) String() string {
	if p.line == 0 {
		return shown(p.file)
	}
	return fmt.Sprintf("%s:%d", shown(p.file), p.line)
}

// add appends a document with its label, "" for none. What is empty or not in UTF-8
// is skipped and counted. An error is one of the whole corpus.
func (c *corpus) add(at textPlace, p part, label, text string) error {
	if err := c.opener.ctx.Err(); err != nil {
		return err
	}
	text = strings.TrimSpace(text)
	switch {
	case !utf8.ValidString(text):
		return c.skip(at, "is not in UTF-8")
	case text == "":
		return c.skip(at, "is empty")
	case len(text) > c.opener.limits.document:
		return fmt.Errorf("%s: %w", at, c.tooLong())
	case len(c.documents) == c.opener.limits.documents:
		return fmt.Errorf("%s: there are more than %d documents", at, c.opener.limits.documents)
	case c.spool.size+int64(len(text)) > c.opener.limits.bytes:
		return fmt.Errorf("%s: the documents have more than %d bytes", at, c.opener.limits.bytes)
	}
	number, err := c.number(at, label)
	if err != nil {
		return err
	}
	c.documents = append(c.documents, document{
		record: record{part: p, label: number, hash: sha256.Sum256([]byte(text))},
		offset: c.spool.size, length: len(text),
	})
	_, err = c.spool.Write([]byte(text))
	return err
}

// tooLong is a document, or what should have ended as one, that is not held.
func (c *corpus) tooLong() error {
	return fmt.Errorf("has more than %d bytes without an end: cut it into documents", c.opener.limits.document)
}

func (c *corpus) skip(at textPlace, reason string) error {
	c.skipped = append(c.skipped, Skip{at.String(), reason})
	if len(c.skipped) > maxSkips {
		return fmt.Errorf("%s %s, and so are %d others", at, reason, len(c.skipped)-1)
	}
	return nil
}

// number returns the number of a label, -1 for none.
func (c *corpus) number(at textPlace, label string) (int, error) {
	label = norm.NFC.String(strings.TrimSpace(label))
	if label == "" {
		return -1, nil
	}
	n, known := c.seen[label]
	if !known {
		if err := checkLabels([]string{label}); err != nil {
			return 0, fmt.Errorf("%s: %w", at, err)
		}
		if n = len(c.seen); n == maxClasses {
			return 0, fmt.Errorf("%s: has label %d, more than a classifier tells apart: are these labels?", at, n+1)
		}
		c.seen[label] = n
	}
	return n, nil
}

// finish sorts the labels and settles which parts there are: where documents have
// labels, those for validation and test that have none are left out, and where there
// is no test, the validation documents are it, as for image folders.
func (c *corpus) finish() error {
	if len(c.documents) == 0 && len(c.skipped) == 0 {
		return errors.New("holds no documents")
	}
	c.labels = slices.Collect(maps.Keys(c.seen))
	slices.SortFunc(c.labels, compareLabels)
	renumber := make([]int, len(c.labels))
	for n, label := range c.labels {
		renumber[c.seen[label]] = n
	}
	hasTest := false
	for i := range c.documents {
		d := &c.documents[i]
		if d.label >= 0 {
			d.label = renumber[d.label]
			hasTest = hasTest || d.part == partTest
		}
	}
	if len(c.labels) > 0 {
		c.documents = slices.DeleteFunc(c.documents, func(d document) bool {
			return d.label < 0 && (d.part == partTest || d.part == partValidation)
		})
		for i := range c.documents {
			if d := &c.documents[i]; d.part == partValidation && !hasTest {
				d.part = partTest
			}
		}
	}
	var err error
	c.text, err = c.spool.blob()
	return err
}

// compareLabels sorts numbers by their value, and before all else.
func compareLabels(a, b string) int {
	x, errA := strconv.ParseInt(a, 10, 64)
	y, errB := strconv.ParseInt(b, 10, 64)
	switch {
	case errA == nil && errB == nil && x != y:
		if x < y {
			return -1
		}
		return 1
	case errA == nil && errB != nil:
		return -1
	case errA != nil && errB == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// read returns the text of a document.
func (c *corpus) read(i int) (string, error) {
	d := c.documents[i]
	text := make([]byte, d.length)
	if _, err := c.text.ReadAt(text, d.offset); err != nil {
		return "", fmt.Errorf("read document %d: %w", i, err)
	}
	return string(text), nil
}

// Close frees what holds the text.
func (c *corpus) Close() error {
	if c == nil {
		return nil
	}
	if c.text != nil {
		return c.text.Close()
	}
	return c.spool.Close()
}
