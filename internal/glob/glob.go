// Package glob matches text with patterns in which * stands for any text and ?
// for any one character. Nothing else is special: the brackets, commas and points
// of an address stand for themselves, so that an address is a pattern for itself.
//
// It refuses classes, escapes and alternatives, and imports nothing of ours.
package glob

// Match reports whether the whole of text fits the pattern. A * also stands for
// no text at all. It goes over the text once for each * at most.
func Match(pattern, text string) bool {
	p, t := []rune(pattern), []rune(text)
	at, from := 0, 0
	star, starFrom := -1, 0 // the latest *, and where what it stands for ends
	for from < len(t) {
		switch {
		case at < len(p) && p[at] == '*':
			star, starFrom = at, from
			at++
		case at < len(p) && (p[at] == '?' || p[at] == t[from]):
			at++
			from++
		case star >= 0:
			// Only the latest * need stand for more: what comes before it fits as
			// early as it can.
			starFrom++
			at, from = star+1, starFrom
		default:
			return false
		}
	}
	for at < len(p) && p[at] == '*' {
		at++
	}
	return at == len(p)
}
