package glob

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"?", "", false},
		{"?", "é", true},
		{"??", "é", false},
		{"pretrain.ssl[seed=0]", "pretrain.ssl[seed=0]", true},
		{"pretrain.ssl[seed=0]", "pretrain.ssls", false}, // brackets are no set of characters
		{"pretrain.*[seed=0]", "pretrain.ssl[rotation,seed=0]", false},
		{"pretrain.*seed=0]", "pretrain.ssl[rotation,seed=0]", true},
		{"*[seed=?]", "evaluate.a[seed=0].b[seed=1]", true},
		{"pretrain.ssl", "pretrain.ssl[seed=0]", false},
		{"*.ssl*", "module.probe.finetune.ssl[labels=5]", true},
		{"a*b*c", "abcbc", true},
		{"a*b*c", "abcb", false},
		{"**", "x", true},
		{`\*`, `\anything`, true}, // nothing escapes
		{"*é?", "aéb", true},
		{"*\x80", "é\x80", true},
	} {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

// A pattern with many stars is where a naive matcher takes exponential time.
func TestManyStarsEnd(t *testing.T) {
	if Match(strings.Repeat("a*", 50)+"b", strings.Repeat("a", 2000)) {
		t.Error("matched")
	}
}

// FuzzMatch compares with a matcher that is plainly right and slow.
func FuzzMatch(f *testing.F) {
	f.Add("a*?b", "axyb")
	f.Add("*[seed=?]", "a[seed=0]")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 12 || len(text) > 20 || !utf8.ValidString(pattern) || !utf8.ValidString(text) {
			t.Skip()
		}
		if got, want := Match(pattern, text), slow([]rune(pattern), []rune(text)); got != want {
			t.Errorf("Match(%q, %q) = %v", pattern, text, got)
		}
	})
}

func slow(pattern, text []rune) bool {
	switch {
	case len(pattern) == 0:
		return len(text) == 0
	case pattern[0] == '*':
		return slow(pattern[1:], text) || len(text) > 0 && slow(pattern, text[1:])
	case len(text) == 0:
		return false
	}
	return (pattern[0] == '?' || pattern[0] == text[0]) && slow(pattern[1:], text[1:])
}
