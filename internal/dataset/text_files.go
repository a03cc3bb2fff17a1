package dataset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// wordParts are the words of file names that say where documents belong, beside the
// names of folders.
var wordParts = map[string]part{
	"train": partTrain, "training": partTrain,
	"val": partValidation, "valid": partValidation, "validation": partValidation, "dev": partValidation,
	"test":       partTest,
	"unlabelled": partUnlabelled, "unlabeled": partUnlabelled, "unsup": partUnlabelled,
}

// partOfFile reads the part from the outermost folder that names one, else from the
// name of the file, as in wiki.train.tokens; without either it is for training.
func partOfFile(name string) part {
	folders := strings.Split(path.Dir(name), "/")
	for _, word := range slices.Concat(folders, wordsOf(path.Base(name))) {
		if p, ok := wordParts[strings.ToLower(word)]; ok {
			return p
		}
	}
	return partTrain
}

// wordsOf cuts the name of a file into words.
func wordsOf(name string) []string {
	return strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune("._- ", r) })
}

// plainName is the name of a file without the ending that says how it is compressed.
func plainName(name string) string {
	for _, ending := range []string{".gz", ".zst"} {
		name = strings.TrimSuffix(name, ending)
	}
	return name
}

// hasEnding tells whether a file means to be of a kind. What file managers leave, and
// what is about the data, means to be nothing.
func hasEnding(name string, endings ...string) bool {
	base := strings.ToLower(plainName(path.Base(name)))
	ending := path.Ext(base)
	switch strings.TrimSuffix(base, ending) {
	case "readme", "license", "licence", "copying", "notice":
		return false
	}
	return !strings.HasPrefix(base, ".") && slices.Contains(endings, ending)
}

// isTextual tells whether a file by itself means to be text in some layout.
func isTextual(name string) bool {
	return hasEnding(name, slices.Concat(textEndings, tableEndings, jsonEndings)...)
}

// eachFile opens the files that mean to be of a kind, unpacked, in the order of their
// names, and counts the others.
func (c *corpus) eachFile(t tree, endings []string, read func(name string, b blob) error) error {
	found := false
	for _, name := range t.names() {
		if !hasEnding(name, endings...) {
			c.ignored++
			continue
		}
		found = true
		if err := c.withFile(t, name, func(b blob) error { return read(name, b) }); err != nil {
			return err
		}
	}
	if !found {
		return fmt.Errorf("holds no files of text (%s, each also .gz or .zst)", strings.Join(endings, ", "))
	}
	return nil
}

// withFile opens one file, unpacked.
func (c *corpus) withFile(t tree, name string, read func(b blob) error) error {
	b, err := t.open(name)
	if err != nil {
		return fmt.Errorf("%s: %w", shown(name), err)
	}
	if packing := packingOf(b); packing == "gzip" || packing == "zstd" {
		packed := b
		b, err = c.opener.unpack(packed)
		if err := errors.Join(err, packed.Close()); err != nil {
			return fmt.Errorf("%s: %w", shown(name), err)
		}
	}
	return errors.Join(read(b), b.Close())
}

// reader reads a file from its start, without the mark of its byte order.
func (c *corpus) reader(b blob) *bufio.Reader {
	r := bufio.NewReaderSize(cancelReader{ctx: c.opener.ctx, r: io.NewSectionReader(b, 0, b.Size())}, 64<<10)
	if head, _ := r.Peek(len(byteOrderMark)); string(head) == byteOrderMark {
		_, _ = r.Discard(len(byteOrderMark))
	}
	return r
}

const byteOrderMark = "\ufeff"

// eachLine calls f with the lines of a file, numbered from 1.
func (c *corpus) eachLine(name string, b blob, f func(at textPlace, line string) error) error {
	scanner := bufio.NewScanner(c.reader(b))
	scanner.Buffer(nil, c.opener.limits.document)
	at := textPlace{file: name}
	for scanner.Scan() {
		at.line++
		if err := f(at, scanner.Text()); err != nil {
			return err
		}
	}
	at.line++
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return fmt.Errorf("%s: %w", at, c.tooLong())
	case err != nil:
		return fmt.Errorf("%s: %w", shown(name), err)
	}
	return nil
}
