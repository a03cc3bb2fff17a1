package stages

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"sslpipe/internal/tokenizer"
)

// readText returns the words of an example as one line that every terminal shows, of at
// most so many characters.
func (d *splitData) readText(example, most int, words *tokenizer.Tokenizer) (string, error) {
	tokens, err := d.Tokens(example)
	if err != nil {
		return "", err
	}
	return oneLine(decoded(tokens, words), most), nil
}

// decoded are the words of tokens, with a bar between those of several documents.
func decoded(tokens []int32, words *tokenizer.Tokenizer) string {
	end := words.Special().End
	var parts []string
	for len(tokens) > 0 {
		n := slices.Index(tokens, end)
		if n < 0 {
			n = len(tokens) - 1
		}
		if text := words.Decode(tokens[:n+1]); strings.TrimSpace(text) != "" {
			parts = append(parts, text)
		}
		tokens = tokens[n+1:]
	}
	return strings.Join(parts, " | ")
}

// oneLine makes a text of unknown origin fit to be shown: white space becomes single
// spaces, what is not printed becomes U+FFFD, and what is more than so many characters
// an ellipsis.
func oneLine(text string, most int) string {
	text = strings.Join(strings.Fields(text), " ")
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' { // the joiners of emoji and of several scripts
			return utf8.RuneError
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		text = strings.TrimRight(string(runes[:most-1]), " ") + "…"
	}
	return text
}

// lines breaks words into lines of at most width characters, each behind so many
// spaces. A word that is longer has a line of its own.
func lines(words []string, indent, width int) string {
	var out strings.Builder
	used := 0
	for i, word := range words {
		size := utf8.RuneCountInString(word)
		switch {
		case i == 0:
			out.WriteString(strings.Repeat(" ", indent))
			used = indent
		case used+1+size > width:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			used = indent
		default:
			out.WriteByte(' ')
			used++
		}
		out.WriteString(word)
		used += size
	}
	return out.String() + "\n"
}

// longestToken is more than tokens of language have, in characters.
const longestToken = 40
