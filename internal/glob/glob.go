// Package glob matches addresses of units and stages against patterns. Only *
// and ? are special: addresses have brackets, which a shell's patterns would take
// for sets of characters.
//
// It refuses nothing: every text is a pattern.
package glob

import "unicode/utf8"

// Match says whether the whole of text matches pattern, in which * stands for any
// text, also none, and ? for any one character. All else stands for itself. It
// takes no more than len(pattern)·len(text) steps.
func Match(pattern, text string) bool {
	p, t := 0, 0
	star, from := -1, 0 // the last * seen, and where in text what follows it was tried
	for t < len(text) {
		_, width := utf8.DecodeRuneInString(text[t:])
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, from = p, t
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			t += width
		case p < len(pattern) && pattern[p] == text[t]:
			p++
			t++
		case star >= 0: // let the last * take one more character
			_, width = utf8.DecodeRuneInString(text[from:])
			from += width
			p, t = star+1, from
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}
