package tokenizer

import (
	"iter"
	"strings"
	"unicode"
	"unicode/utf8"
)

// splitGPT2 yields the words of a text as GPT-2 has them (Radford et al. 2019):
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// Package regexp cannot look ahead, so this is written by hand. A byte that is not
// UTF-8 is neither letter, digit nor space. All words together are the text.
func splitGPT2(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for text != "" {
			n := firstWord(text)
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}

// firstWord returns the length of the word that a text, which is not empty, begins with.
func firstWord(text string) int {
	if n := contraction(text); n > 0 {
		return n
	}
	start := 0
	if text[0] == ' ' {
		start = 1
	}
	class, size := classOf(text[start:])
	if class == white {
		return whiteWord(text)
	}
	end := start + size
	for end < len(text) {
		next, size := classOf(text[end:])
		if next != class {
			break
		}
		end += size
	}
	return end
}

// contraction returns the length of the ending of an English contraction, if a text
// begins with one.
func contraction(text string) int {
	if text[0] != '\'' {
		return 0
	}
	for _, ending := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(text, ending) {
			return len(ending)
		}
	}
	return 0
}

// whiteWord returns the length of a word of white space. The last of several spaces is
// left to the word behind them.
func whiteWord(text string) int {
	end, last := 0, 0
	for end < len(text) {
		class, size := classOf(text[end:])
		if class != white {
			break
		}
		end, last = end+size, size
	}
	if end < len(text) && end > last {
		return end - last
	}
	return end
}

type class byte

const (
	other class = iota
	white
	letter
	number
)

// asciiClasses are those of the characters below 128.
var asciiClasses = func() (classes [utf8.RuneSelf]class) {
	for c := range rune(utf8.RuneSelf) {
		classes[c] = runeClass(c)
	}
	return classes
}()

// classOf returns the class and length of a text's first character. The end of a text
// is white: that way a last space stands alone.
func classOf(text string) (class, int) {
	if text == "" {
		return white, 0
	}
	if text[0] < utf8.RuneSelf {
		return asciiClasses[text[0]], 1
	}
	r, size := utf8.DecodeRuneInString(text)
	return runeClass(r), size
}

func runeClass(r rune) class {
	switch {
	case unicode.Is(letters, r):
		return letter
	case unicode.Is(numbers, r):
		return number
	case unicode.IsSpace(r):
		return white
	}
	return other
}
