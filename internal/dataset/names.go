package dataset

import (
	"fmt"
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
