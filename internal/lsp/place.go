package lsp

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// place is where in the structure of a file an offset is. It is found from the
// tokens before it alone, since what is being written there rarely parses.
type place struct {
	// blocks are those around the place, the outermost first.
	blocks []openBlock
	// attribute is the one whose value the place is in; "" outside of values.
	attribute string
	// within is false where nothing can be named: in comments, behind a number.
	within bool
	// quoted is true inside of quotes, before any template in them.
	quoted bool
	// names are those that a dot joins before the word: pretrain, x of pretrain.x.enc.
	names []string
	// start and end are the word around the offset, prefix its part before it.
	start, end int
	prefix     string
}

// openBlock is the header of a block.
type openBlock struct {
	kind   string
	labels []string
	// start is the offset of its first word.
	start int
}

// placeAt finds the place of an offset.
func placeAt(src []byte, offset int) place {
	tokens, _ := hclsyntax.LexConfig(src[:offset], "", hcl.InitialPos)
	var r scanner
	for _, t := range tokens {
		r.token(t)
	}
	p := place{blocks: r.blocks, attribute: r.attribute(), within: true, start: offset, end: offset}
	if n := len(tokens); n > 1 {
		p.within = r.finish(tokens[:n-1], &p) // the last is the end of the file
	}
	p.prefix = string(src[p.start:offset])
	for p.end < len(src) {
		c, size := utf8.DecodeRune(src[p.end:])
		if !isWord(c) || p.quoted && c == '"' {
			break
		}
		p.end += size
	}
	return p
}

func isWord(r rune) bool {
	return r == '_' || r == '-' || unicode.IsLetter(r) || unicode.IsDigit(r)
}

// scanner follows tokens into and out of blocks, brackets and templates.
type scanner struct {
	blocks []openBlock
	// item are the tokens of the attribute or block header that is being read.
	item hclsyntax.Tokens
	// open are the opening tokens within the item: brackets, quotes, templates.
	open []hclsyntax.TokenType
}

func (r *scanner) token(t hclsyntax.Token) {
	switch t.Type {
	case hclsyntax.TokenEOF:
		return
	case hclsyntax.TokenComment, hclsyntax.TokenNewline:
		if len(r.open) == 0 && strings.HasSuffix(string(t.Bytes), "\n") {
			r.item = nil
		}
		return
	case hclsyntax.TokenOBrace:
		if len(r.open) == 0 && len(r.item) > 0 && !r.isValue() {
			r.blocks = append(r.blocks, header(r.item))
			r.item = nil
			return
		}
		r.open = append(r.open, t.Type)
	case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote, hclsyntax.TokenOHeredoc,
		hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		r.open = append(r.open, t.Type)
	case hclsyntax.TokenCBrace:
		if len(r.open) == 0 && len(r.blocks) > 0 {
			r.blocks, r.item = r.blocks[:len(r.blocks)-1], nil
			return
		}
		r.shut()
	case hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		r.shut()
	}
	r.item = append(r.item, t)
}

func (r *scanner) shut() {
	if n := len(r.open); n > 0 {
		r.open = r.open[:n-1]
	}
}

// isValue tells whether the item is an attribute whose value has begun.
func (r *scanner) isValue() bool {
	return len(r.item) > 1 && r.item[1].Type == hclsyntax.TokenEqual
}

func (r *scanner) attribute() string {
	if !r.isValue() {
		return ""
	}
	return string(r.item[0].Bytes)
}

func header(item hclsyntax.Tokens) openBlock {
	b := openBlock{kind: string(item[0].Bytes), start: item[0].Range.Start.Byte}
	for _, t := range item[1:] {
		if t.Type == hclsyntax.TokenQuotedLit || t.Type == hclsyntax.TokenIdent {
			b.labels = append(b.labels, string(t.Bytes))
		}
	}
	return b
}

// finish reads the word before the end, and the names before the word. It returns
// false if nothing can be named there.
func (r *scanner) finish(tokens hclsyntax.Tokens, p *place) bool {
	last := tokens[len(tokens)-1]
	if last.Type == hclsyntax.TokenComment && !strings.HasSuffix(string(last.Bytes), "\n") {
		return false
	}
	if n := len(r.open); n > 0 {
		switch r.open[n-1] {
		case hclsyntax.TokenOHeredoc:
			return false
		case hclsyntax.TokenOQuote:
			p.quoted = true
			if last.Type == hclsyntax.TokenQuotedLit {
				p.start, tokens = last.Range.Start.Byte, tokens[:len(tokens)-1]
			}
			return tokens[len(tokens)-1].Type == hclsyntax.TokenOQuote
		}
	}
	rest := r.item
	if n := len(rest); n > 0 && rest[n-1].Type == hclsyntax.TokenIdent && rest[n-1].Range.End.Byte == p.start {
		p.start = rest[n-1].Range.Start.Byte
		rest = rest[:n-1]
	}
	for n := len(rest); n >= 2 && rest[n-1].Type == hclsyntax.TokenDot && rest[n-2].Type == hclsyntax.TokenIdent; n = len(rest) {
		p.names = append([]string{string(rest[n-2].Bytes)}, p.names...)
		rest = rest[:n-2]
	}
	return !r.isValue() || !complete(rest[len(rest)-1])
}

// complete tells whether a token ends a value, so that no other can follow it.
func complete(t hclsyntax.Token) bool {
	switch t.Type {
	case hclsyntax.TokenIdent:
		return string(t.Bytes) != "in" && string(t.Bytes) != "if"
	case hclsyntax.TokenNumberLit, hclsyntax.TokenCQuote, hclsyntax.TokenCHeredoc, hclsyntax.TokenDot,
		hclsyntax.TokenCParen, hclsyntax.TokenCBrack, hclsyntax.TokenCBrace:
		return true
	}
	return false
}
