package tokenizer

import (
	"math/rand/v2"
	"strings"
	"unicode"
)

// oddities are what English text does not have, and real text does.
var oddities = []string{
	"é", "Å", "ñ", "e\u0301", "ﬁ", "ß", "İ", "ς", "Я", "א", "ا", "हि", "ไทย", "한국어", "\u1112\u1161\u11ab",
	"中", "漢字", "カナ", "豈", "𠀀", "😀", "👩‍👩‍👧", "👍🏽", "🇩🇪", "❤️", "1️⃣", "\x00", "\x07", "\x1b[0m", "\x7f", "\u200b", "\u00ad",
	"\ufeff", "\ufffd", "\t", "\n", "\r\n", "\v", "\f", "\u0085", "\u00a0", "\u2003", "\u3000", "\u2028", "  ", "   ", "\n\n",
	"'s", "'S", "'ll", "''", "'", "don't", "...", "?!", "—", "„", "[MASK]", " [MASK] ", "[CLS]", "[mask]", "[", "1234567", "3.14", "½", "Ⅷ",
}

// mixedLines makes count lines, the same ones each time: parts of verses with oddities
// between and inside of words, characters of all scripts between letters and digits, very long words, and empty lines.
func mixedLines(verses []string, count int) []string {
	r := rand.New(rand.NewPCG(1, 2))
	lines := append(characterLines(), "", strings.Repeat("a", 20_000), strings.Repeat("begat", 5_000), strings.Repeat(" ", 3_000), strings.Repeat("é中", 3_000))
	for len(lines) < count {
		var line strings.Builder
		for range r.IntN(4) {
			verse := verses[r.IntN(len(verses))]
			from := r.IntN(len(verse))
			line.WriteString(verse[from:min(len(verse), from+r.IntN(60))])
			for range r.IntN(3) {
				line.WriteString(oddities[r.IntN(len(oddities))])
			}
		}
		lines = append(lines, line.String())
	}
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines
}

// characterLines have all characters of most scripts, and of the rest those that begin
// or end a range of any table, and one in 251. Surrogates are none.
func characterLines() []string {
	var lines []string
	var line strings.Builder
	for c := rune(0); c <= unicode.MaxRune; c++ {
		if c >= 0xd800 && c < 0xe000 || c > 0x3400 && c%251 > 0 && classes(c) == classes(c-1) && classes(c) == classes(c+1) {
			continue
		}
		line.WriteString("A" + string(c) + "b1" + string(c) + "2 ")
		if line.Len() > 500 {
			lines = append(lines, line.String())
			line.Reset()
		}
	}
	return append(lines, line.String())
}

// classes tells which tables have a character.
func classes(c rune) (in [7]bool) {
	for i, table := range []*unicode.RangeTable{controls, marks, whole, ideographs, punctuation, letters, numbers} {
		in[i] = unicode.Is(table, c)
	}
	return in
}
