package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// textEndings are those of files that hold nothing but text; .tokens and .raw are
// WikiText's.
var textEndings = []string{".txt", ".text", ".tokens", ".raw"}

func isText(name string) bool { return hasEnding(name, textEndings...) }

// readText reads files of paragraphs, which are documents. Where a file has no blank
// line, its lines are: corpora come as books, whose lines are broken for people, and
// as a sentence or an article a line.
func readText(c *corpus, t tree, _ Columns) error {
	return c.eachFile(t, textEndings, func(name string, b blob) error {
		paragraphs, err := c.hasParagraphs(name, b)
		if err != nil {
			return err
		}
		var lines []string
		var first textPlace
		p, size := partOfFile(name), 0
		end := func() error {
			if len(lines) == 0 {
				return nil
			}
			text := strings.Join(lines, "\n")
			lines, size = lines[:0], 0
			return c.add(first, p, "", text)
		}
		err = c.eachLine(name, b, func(at textPlace, line string) error {
			blank := strings.TrimSpace(line) == ""
			if blank || !paragraphs {
				if err := end(); err != nil || blank {
					return err
				}
			}
			if len(lines) == 0 {
				first = at
			}
			if size += len(line) + 1; size > c.opener.limits.document {
				return fmt.Errorf("%s: %w", first, c.tooLong())
			}
			lines = append(lines, strings.TrimRight(line, " \t\r"))
			return nil
		})
		if err != nil {
			return err
		}
		return end()
	})
}

// hasParagraphs tells whether there is a blank line between others.
func (c *corpus) hasParagraphs(name string, b blob) (bool, error) {
	text, blank := false, false
	err := c.eachLine(name, b, func(_ textPlace, line string) error {
		switch isBlank := strings.TrimSpace(line) == ""; {
		case isBlank:
			blank = text
		case blank:
			return errFound
		default:
			text = true
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

var errFound = errors.New("found")
