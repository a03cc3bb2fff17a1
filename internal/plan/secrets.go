package plan

import (
	"bytes"
	"net/url"
	"regexp"
	"slices"
	"strconv"
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

// maskValues overwrites all but the names in a file of values with a mistake in its
// form, since nothing tells which value belongs to which name.
func (p *planner) maskValues(path string) {
	file := p.files[path]
	if file == nil {
		return
	}
	at := 0
	for line := range bytes.Lines(slices.Clone(file.Bytes)) {
		equals := bytes.IndexByte(line, '=') + 1
		p.mask(hcl.Range{Filename: path, Start: hcl.Pos{Byte: at + equals}, End: hcl.Pos{Byte: at + len(line)}})
		at += len(line)
	}
}

// redact hides sensitive values in messages.
func (p *planner) redact(diags hcl.Diagnostics) {
	for _, d := range diags {
		d.Detail = redacted(d.Detail, p.secrets)
	}
}

// Redact hides in a text what must not be shown or kept: values of sensitive variables
// and of attributes that are made of them, also as an address spells them, and the
// user and password of any address.
func (p *Plan) Redact(text string) string {
	return loginInAddress.ReplaceAllString(redacted(text, p.secrets), "${1}"+hidden+"@")
}

// loginInAddress is what comes before the host.
var loginInAddress = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/?#@\s"']+@`)

// redacted replaces secrets, the longest first, since one may be part of another.
func redacted(text string, secrets []string) string {
	secrets = slices.Clone(secrets)
	slices.SortStableFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		for _, spelt := range spellings(secret) {
			text = replaceWord(text, spelt, hidden)
		}
	}
	return text
}

// spellings are the ways in which a text is met in messages, and in addresses.
func spellings(text string) []string {
	quoted := strconv.Quote(text)
	all := []string{text, url.QueryEscape(text), url.PathEscape(text), quoted[1 : len(quoted)-1]}
	if u, err := url.Parse(text); err == nil && u.Host != "" {
		all = append(all, u.String(), u.Redacted())
	}
	return all
}

// hideMade keeps the value of an attribute that is made of a sensitive one out of what
// a run says.
func (p *planner) hideMade(v cty.Value) {
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		if !v.IsNull() && v.Type() == cty.String && len(v.AsString()) >= minSecret {
			p.made = append(p.made, v.AsString())
		}
		return true, nil
	})
}

// holdsLogin tells whether a value has an address with a user or a password in it.
func holdsLogin(v cty.Value) bool {
	found := false
	_ = cty.Walk(v, func(_ cty.Path, v cty.Value) (bool, error) {
		found = found || !v.IsNull() && v.Type() == cty.String && loginInAddress.MatchString(v.AsString())
		return true, nil
	})
	return found
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
