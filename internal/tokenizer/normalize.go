package tokenizer

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// normalize is BERT's cleaning of text (Devlin et al. 2019): control characters are
// removed, white space becomes spaces, ideographs are words of their own, and with
// lowercase, accents are stripped and letters are small.
func normalize(text string, lowercase bool) string {
	var out strings.Builder
	out.Grow(len(text) + 8)
	ascii := true
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			cleanASCII(&out, byte(r), lowercase)
		case unicode.Is(controls, r): // U+FFFD too, which stands for bytes that are not UTF-8
		case unicode.IsSpace(r):
			out.WriteByte(' ')
		case unicode.Is(ideographs, r):
			out.WriteByte(' ')
			out.WriteRune(r)
			out.WriteByte(' ')
			ascii = false
		default:
			out.WriteRune(r)
			ascii = false
		}
	}
	if ascii || !lowercase {
		return out.String()
	}
	return strings.Map(stripAndLower, decompose(out.String()))
}

// cleanASCII writes one character. Capitals do not wait for the accents to go: nothing
// below 128 is part of a decomposition.
func cleanASCII(out *strings.Builder, c byte, lowercase bool) {
	switch {
	case c == '\t' || c == '\n' || c == '\r' || c == ' ':
		out.WriteByte(' ')
	case c < ' ' || c == 0x7f:
	case lowercase && 'A' <= c && c <= 'Z':
		out.WriteByte(c + 'a' - 'A')
	default:
		out.WriteByte(c)
	}
}

// decompose is Unicode's NFD, but for letters of which tokenizers' older Unicode knows
// no parts. Behind 30 marks in a row package norm inserts another, which is stripped.
func decompose(text string) string {
	isWhole := func(r rune) bool { return unicode.Is(whole, r) }
	at := strings.IndexFunc(text, isWhole)
	if at < 0 {
		return norm.NFD.String(text)
	}
	var out strings.Builder
	for ; at >= 0; at = strings.IndexFunc(text, isWhole) {
		_, size := utf8.DecodeRuneInString(text[at:])
		out.WriteString(norm.NFD.String(text[:at]))
		out.WriteString(text[at : at+size])
		text = text[at+size:]
	}
	out.WriteString(norm.NFD.String(text))
	return out.String()
}

// stripAndLower is for strings.Map: what is negative is left out.
func stripAndLower(r rune) rune {
	if unicode.Is(marks, r) {
		return -1
	}
	return newCapitals.ToLower(r)
}

// splitBERT yields the words of a text: what stands between white space, with each
// mark of punctuation for itself.
func splitBERT(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		start := 0 // of the word that is not ended
		for at, r := range text {
			space, mark := unicode.IsSpace(r), isPunctuation(r)
			if !space && !mark {
				continue
			}
			if start < at && !yield(text[start:at]) {
				return
			}
			start = at + utf8.RuneLen(r)
			if mark && !yield(text[at:start]) {
				return
			}
		}
		if start < len(text) {
			yield(text[start:])
		}
	}
}

// asciiPunctuation are the marks below 128.
var asciiPunctuation = func() (marks [utf8.RuneSelf]bool) {
	for c := range rune(utf8.RuneSelf) {
		marks[c] = unicode.Is(punctuation, c)
	}
	return marks
}()

func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return asciiPunctuation[r]
	}
	return unicode.Is(punctuation, r)
}
