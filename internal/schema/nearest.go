package schema

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"github.com/agext/levenshtein"
)

// Nearest returns the candidate that got is most likely a misspelling of, or "".
// Short names must match closely: a third of the letters may differ, at most two.
// The first words of a name, as labels of labels_per_class, are one mistake, and its
// last words, as rate of learning_rate, as many as may be.
// Case is ignored. Of equally near candidates it is the first in the alphabet.
func Nearest(got string, candidates []string) string {
	limit := min(2, max(1, len(got)/3))
	best, bestDistance := "", limit+1
	for _, c := range candidates {
		if c == got {
			continue
		}
		if d := distance(got, c, limit); d >= len(got) && d > 0 { // nothing of it is left
			continue
		} else if d < bestDistance || d == bestDistance && best != "" && c < best {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts a swap of neighbours as one mistake, since it is the most
// common one. Beyond the limit it is only known to be more.
func distance(got, candidate string, limit int) int {
	if len(got) > len(candidate)+4*limit { // a letter has up to 4 bytes
		return limit + 1
	}
	a, b := strings.ToLower(got), strings.ToLower(candidate)
	behind, begins := strings.CutPrefix(b, a)
	before, ends := strings.CutSuffix(b, a)
	switch {
	case begins && areWords(a, behind) && isSeparator(behind[0]):
		return 1
	case ends && areWords(a, before) && isSeparator(before[len(before)-1]):
		return limit
	case len(b) > len(a)+4*limit:
		return limit + 1
	}
	d := levenshtein.Distance(a, b, nil)
	if d == 2 && swapped(a, b) {
		return 1
	}
	return d
}

// areWords tells whether part is enough to say which name is meant: it is no initial, and
// the rest is no number, by which names such as block_1 and block_2 differ.
func areWords(part, rest string) bool {
	return len(part) >= 3 && strings.ContainsFunc(rest, unicode.IsLetter)
}

func isSeparator(c byte) bool { return strings.IndexByte("_-./ ", c) >= 0 }

func swapped(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) - 1 {
		if a[i] != b[i] {
			return a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
		}
	}
	return false
}

// DidYouMean returns ` Did you mean "name"?`, with its leading space, or "" if
// nothing is near.
func DidYouMean(got string, candidates []string) string {
	if near := Nearest(got, candidates); near != "" {
		return fmt.Sprintf(" Did you mean %q?", near)
	}
	return ""
}

// NearestFile is DidYouMean for a file that is missing, among those beside it.
func NearestFile(path string) string {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return DidYouMean(filepath.Base(path), names)
}
