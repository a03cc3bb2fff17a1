package glob

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		pattern, text string
		want          bool
	}{
		{"pretrain.ssl", "pretrain.ssl", true},
		{"pretrain.ssl", "pretrain.ssl2", false},
		{"pretrain.*", "pretrain.ssl", true},
		{"pretrain.*", "pretrain.", true},
		{"*.ssl", "module.probe.finetune.ssl", true},
		{"pretrain.s?l", "pretrain.ssl", true},
		{"pretrain.s?l", "pretrain.sl", false},
		{"?", "é", true},
		{"*[*seed=0*]", "finetune.ssl[labels=5,seed=0]", true},
		{"*[*seed=0*]", "finetune.ssl[labels=5,seed=1]", false},
		{"*[seed=0]", "pretrain.ssl[seed=10]", false},
		{"a[0]", "a0", false}, // brackets are no class
		{"*ab*ab", "abxab", true},
		{"*ab*abc", "ababab", false},
		{"**", "", true},
		{"", "", true},
		{"", "a", false},
		{"*", "", true},
		{"?", "", false},
	} {
		if got := Match(c.pattern, c.text); got != c.want {
			t.Errorf("Match(%q, %q) = %v", c.pattern, c.text, got)
		}
	}
}

// TestHostilePattern would not end if every * were tried against every other.
func TestHostilePattern(t *testing.T) {
	if Match(strings.Repeat("a*", 500)+"b", strings.Repeat("a", 5000)) {
		t.Error("a pattern that ends with b matches a text without one")
	}
}
