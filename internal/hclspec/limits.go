package hclspec

import (
	"bytes"
	"strconv"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

const (
	// maxBytes limits the size of a pipeline file.
	maxBytes = 1 << 20
	// maxDepth limits how many tokens may be open at one place: those of the
	// current expression and of every expression around it. HCL's parser and
	// evaluator recurse at most once for each, and an exhausted stack cannot
	// be recovered from.
	maxDepth = 2000
	// maxDigits and maxExponent limit numbers, which HCL would compute and
	// print exactly, however long that takes.
	maxDigits   = 100
	maxExponent = 300
)

// checkLimits reports the first place that would take too long, or too deep a
// recursion, to parse or evaluate, or whose meaning hangs on a space.
func checkLimits(src []byte, path string) hcl.Diagnostics {
	// Invalid text is reported by the parser.
	tokens, _ := hclsyntax.LexConfig(src, path, hcl.InitialPos)
	var open nesting
	for i, tok := range tokens {
		if tok.Type == hclsyntax.TokenNumberLit && !reasonable(tok.Bytes) {
			return hcl.Diagnostics{Errorf(tok.Range, "Number too large",
				"Numbers have at most %d digits and an exponent of at most %d.", maxDigits, maxExponent)}
		}
		if i >= 2 && chained(tokens[i-2:i+1]) {
			return hcl.Diagnostics{Errorf(tok.Range, "Invalid legacy index syntax",
				"Two numbers with a dot between them are a fraction. Write indexes in brackets, like [%s][%s].", tokens[i-2].Bytes, tok.Bytes)}
		}
		if open.add(tok.Type); open.depth > maxDepth {
			return hcl.Diagnostics{Errorf(tok.Range, "Expression too large",
				"More than %d parts of an expression are open at this place. Use locals to name parts of it.", maxDepth)}
		}
	}
	return nil
}

// chained recognises x.0. 1, which HCL takes for x[0][1] while it refuses x.0.1.
func chained(three hclsyntax.Tokens) bool {
	return three[0].Type == hclsyntax.TokenNumberLit && three[1].Type == hclsyntax.TokenDot && three[2].Type == hclsyntax.TokenNumberLit
}

func reasonable(number []byte) bool {
	digits, exponent, _ := bytes.Cut(bytes.ToLower(number), []byte("e"))
	if len(digits) > maxDigits {
		return false
	}
	if len(exponent) == 0 {
		return true
	}
	e, err := strconv.Atoi(string(exponent))
	return err == nil && e >= -maxExponent && e <= maxExponent
}

// nesting counts the tokens of the expressions around the current place.
type nesting struct {
	depth int
	// outer holds, for every open bracket, the type of the bracket around it
	// and the number of tokens before it.
	outer   []bracket
	current bracket
}

type bracket struct {
	typ    hclsyntax.TokenType
	tokens int
}

func (n *nesting) add(typ hclsyntax.TokenType) {
	switch typ {
	case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenComment:
		// A leaf, however long its text is.
	case hclsyntax.TokenComma:
		n.restart()
	case hclsyntax.TokenNewline:
		if n.current.typ == hclsyntax.TokenOBrace || len(n.outer) == 0 {
			n.restart()
		}
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
		hclsyntax.TokenCHeredoc, hclsyntax.TokenTemplateSeqEnd:
		if last := len(n.outer) - 1; last >= 0 {
			n.depth -= n.current.tokens
			n.outer, n.current = n.outer[:last], n.outer[last]
		}
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
		hclsyntax.TokenOHeredoc, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		n.count()
		n.outer, n.current = append(n.outer, n.current), bracket{typ: typ}
	default:
		n.count()
	}
}

func (n *nesting) count() {
	n.current.tokens++
	n.depth++
}

// restart begins the next expression in the same bracket.
func (n *nesting) restart() {
	n.depth -= n.current.tokens
	n.current.tokens = 0
}
