package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// longName is the most of a name that a message shows, in bytes.
const longName = 200

// shown writes the name of a file for a message: quoted where a terminal would
// take it for something else than text, and not at full length where that is long.
func shown(name string) string {
	if len(name) > longName {
		return strconv.Quote(name[:longName]) + "..."
	}
	if !printable(name) {
		return strconv.Quote(name)
	}
	return name
}

// printable tells whether a terminal shows a text as it is. The joiners of emoji
// and of several scripts are not printed themselves, and are part of names.
func printable(text string) bool {
	return utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool {
		return !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d'
	}) < 0
}

// checkLabels refuses names of classes that no table can show.
func checkLabels(labels []string) error {
	for _, label := range labels {
		if label == "" || len(label) > longName || !printable(label) {
			return fmt.Errorf("the class %s cannot be shown in a table: give it a name of 1 to %d printable bytes", strconv.Quote(label[:min(len(label), longName)]), longName)
		}
	}
	return nil
}

// base is the last part of a source's path or address, less what may be secret in it;
// never the whole path, which differs between machines.
func (p *preparation) base() string {
	s := p.source
	where, base := s.Path, filepath.Base(s.Path)
	if s.URL != "" {
		// Without the query, which may hold what is nobody's business.
		address, _, _ := strings.Cut(s.URL, "?")
		where, base = s.URL, path.Base(address)
	}
	if p.secret(where) {
		return openName(base)
	}
	return base
}

// secret tells whether anything in a path or address must not be stored. What was made
// of that cannot be told from the rest.
func (p *preparation) secret(where string) bool { return p.redact(where) != where }

// openName is the name of a file or folder less all words but those that tell what it is
// for: sig-8c1f.train.csv.gz is data.train.csv.gz.
func openName(name string) string {
	open := []string{"data"}
	for _, word := range wordsOf(name) {
		word = strings.ToLower(word)
		if _, isPart := wordParts[word]; isPart || isTextual("x."+word) || slices.Contains(packings, word) {
			open = append(open, word)
		}
	}
	return strings.Join(open, ".")
}

// packings are the endings of archives and compressed files.
var packings = []string{"zip", "tar", "tgz", "gz", "zst"}
