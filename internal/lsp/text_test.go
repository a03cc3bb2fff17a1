package lsp

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestPositions(t *testing.T) {
	const src = "a\u0301é🙂x\r\n\rz\n" // a letter of two characters, one of two bytes, one of two units
	text := newText([]byte(src))
	for offset, want := range map[int]position{
		0: {0, 0}, 1: {0, 1}, 3: {0, 2}, 5: {0, 3}, 9: {0, 5}, 10: {0, 6}, 12: {1, 0}, 13: {2, 0}, 14: {2, 1}, 15: {3, 0},
	} {
		if got := text.position(offset); got != want {
			t.Errorf("position of %d: %v, want %v", offset, got, want)
		}
		if got := text.offset(want); got != offset {
			t.Errorf("offset of %v: %d, want %d", want, got, offset)
		}
	}
	for p, want := range map[position]int{
		{0, 4}: 9, {0, 99}: 10, {2, 99}: 14, {3, 1}: 15, {99, 0}: 15, {-1, 5}: 0, {0, -1}: 0,
	} {
		if got := text.offset(p); got != want {
			t.Errorf("offset of %v: %d, want %d", p, got, want)
		}
	}
	if got := text.pos(9); got.Line != 1 || got.Column != 4 || got.Byte != 9 {
		t.Errorf("place in HCL's words: %v", got)
	}
}

// Edits leave lines alone that stay as they are.
func TestEdits(t *testing.T) {
	for _, test := range []struct {
		from, to string
		want     []textEdit
	}{
		{"a\nb\n", "a\nb\n", []textEdit{}},
		{"a\nb\nc\n", "a\nx\nc\n", []textEdit{{Range: span{position{1, 0}, position{2, 0}}, NewText: "x\n"}}},
		{"a\nb\n", "a\n", []textEdit{{Range: span{position{1, 0}, position{2, 0}}, NewText: ""}}},
		{"a\n", "a\na\na\n", []textEdit{{Range: span{position{1, 0}, position{1, 0}}, NewText: "a\na\n"}}},
		{"a", "a\n", []textEdit{{Range: span{position{0, 0}, position{0, 1}}, NewText: "a\n"}}},
		{"", "a\n", []textEdit{{Range: span{}, NewText: "a\n"}}},
		{"é\r\nb\r\n", "é\nb\n", []textEdit{{Range: span{position{0, 0}, position{2, 0}}, NewText: "é\nb\n"}}},
	} {
		if diff := cmp.Diff(test.want, newText([]byte(test.from)).edits([]byte(test.to))); diff != "" {
			t.Errorf("%q to %q (-want +got):\n%s", test.from, test.to, diff)
		}
	}
}

func TestPaths(t *testing.T) {
	for uri, want := range map[string]string{
		"file:///a/b%20c/%C3%A9.hcl": "/a/b c/é.hcl",
		"untitled:Untitled-1":        "untitled:Untitled-1",
	} {
		if got := pathOf(uri); got != want {
			t.Errorf("path of %s: %s, want %s", uri, got, want)
		}
	}
	if got := uriOf("/a/b c/é.hcl"); got != "file:///a/b%20c/%C3%A9.hcl" {
		t.Errorf("URI %s", got)
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("pretrain \"a\" {\n  x = var.e }\n", 25)
	f.Add("a = \"${b(\"é", 9)
	f.Add("}}]) = <<E\n${", 13)
	f.Fuzz(func(t *testing.T, src string, at int) {
		text := newText([]byte(src))
		offset := text.offset(text.position(at))
		p := placeAt(text.src, offset)
		if p.start > offset || p.end < offset || p.end > len(src) || p.start < 0 {
			t.Errorf("the word is from %d to %d, around %d", p.start, p.end, offset)
		}
		if utf8.ValidString(src) && text.offset(text.position(offset)) != offset {
			t.Errorf("%d comes back as %d", offset, text.offset(text.position(offset)))
		}
	})
}
