package plan

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
)

// The value of a sensitive variable carries the mark sensitive{} into everything that
// is made of it, and decoders note which attributes hold such values. What is in this
// file is for the ways around that: texts of messages, and sources that are shown.

// hidden stands in place of a sensitive value.
const hidden = "(sensitive)"

// minSecret is the length of the shortest text that is looked for in messages; in
// shorter ones every number would be hidden.
const minSecret = 3

// hide keeps a value of a sensitive variable out of messages, and the attribute that
// it is written in out of the sources. Either may be missing.
func (p *planner) hide(value cty.Value, written *hcl.Attribute) {
	if value != cty.NilVal {
		p.hideValue(value)
	}
	if written == nil || len(hclspec.References(written.Expr)) > 0 {
		return
	}
	name, at := written.NameRange, written.Expr.Range()
	p.mask(at)
	p.record.cut(at.Filename, [2]int{name.Start.Byte, name.End.Byte}, [2]int{at.Start.Byte, at.End.Byte})
}

func (p *planner) hideValue(value cty.Value) {
	plain, _ := value.UnmarkDeep()
	_ = cty.Walk(plain, func(_ cty.Path, v cty.Value) (bool, error) {
		if v.IsNull() || v.Type() != cty.String && v.Type() != cty.Number {
			return true, nil
		}
		text := Literal(v)
		if v.Type() == cty.String {
			text = v.AsString()
		}
		if len(text) >= minSecret && !slices.Contains(p.secrets, text) {
			p.secrets = append(p.secrets, text)
			p.record.secrets = append(p.record.secrets, text)
		}
		return true, nil
	})
}

// mask overwrites a part of a source.
func (p *planner) mask(r hcl.Range) {
	file := p.files[r.Filename]
	if file == nil || r.End.Byte > len(file.Bytes) {
		return
	}
	if !p.masked[r.Filename] { // whoever gave the source may use it
		p.masked[r.Filename] = true
		file.Bytes = slices.Clone(file.Bytes)
	}
	part := file.Bytes[r.Start.Byte:r.End.Byte]
	for i, b := range part {
		if b != '\n' && b != '\r' {
			part[i] = '*'
		}
	}
}

// redact hides sensitive values in messages.
func (p *planner) redact(diags hcl.Diagnostics) {
	// The longest first, since one may be part of another.
	slices.SortStableFunc(p.secrets, func(a, b string) int { return len(b) - len(a) })
	for _, d := range diags {
		for _, secret := range p.secrets {
			d.Detail = replaceWord(d.Detail, secret, hidden)
		}
	}
}

// replaceWord replaces a text wherever it is not part of a longer word.
func replaceWord(s, word, by string) string {
	var b strings.Builder
	for {
		i := strings.Index(s, word)
		if i < 0 {
			b.WriteString(s)
			return b.String()
		}
		end := i + len(word)
		before, _ := utf8.DecodeLastRuneInString(s[:i])
		after, _ := utf8.DecodeRuneInString(s[end:])
		first, _ := utf8.DecodeRuneInString(word)
		last, _ := utf8.DecodeLastRuneInString(word)
		b.WriteString(s[:i])
		if isWord(before) && isWord(first) || isWord(after) && isWord(last) {
			b.WriteString(word)
		} else {
			b.WriteString(by)
		}
		s = s[end:]
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
