package format_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Texts by a grammar, with space, line breaks and comments wherever they may be.
// HCL does not take a line break in all the places where one ought to be legal.
func TestGeneratedTexts(t *testing.T) {
	const texts = 1500
	parsed := 0
	for seed := range uint64(texts) {
		g := &generator{r: rand.New(rand.NewPCG(seed, 0))}
		g.body(2)
		src := []byte(g.out.String())
		if _, diags := hclsyntax.ParseConfig(src, "x.hcl", hcl.InitialPos); !diags.HasErrors() {
			parsed++
		}
		checkFormatted(t, src)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, src)
		}
	}
	if parsed < texts/2 {
		t.Errorf("only %d of %d texts parse", parsed, texts)
	}
}

type generator struct {
	r   *rand.Rand
	out strings.Builder
	// within counts the brackets in which line breaks mean nothing.
	within int
}

func (g *generator) pick(options ...string) string { return options[g.r.IntN(len(options))] }

func (g *generator) write(parts ...string) {
	for _, part := range parts {
		g.out.WriteString(part)
	}
}

// space is what may be between two tokens.
func (g *generator) space() {
	g.write(g.pick("", "", " ", " ", "  ", "\t", " /* c */ ", "/* a  \n  b */"))
	if g.within > 0 && g.r.IntN(5) == 0 {
		g.write(g.pick("\n", "\r\n", "\n\n\n", " # c  \n", "// c\r\n", "#\n"))
	}
}

// end ends an attribute or block.
func (g *generator) end() {
	g.write(g.pick("\n", "\n", "\r\n", "  \n", "\n \n\n", " # c \n", "//c\n\n\n", "\n# a\n# b\n\n"))
}

func (g *generator) body(depth int) {
	within := g.within
	g.within = 0
	for i := range g.r.IntN(5) {
		g.write(g.pick("", "  ", "\t"))
		name := fmt.Sprintf("%s%d", g.pick("a", "long_name", "in", "for"), i)
		if depth > 0 && g.r.IntN(4) == 0 {
			g.write(g.pick("block", "pretext \"rotation\"", "b \"x\"  \"y\""), g.pick("", " "), "{", g.pick("\n", "\n\n\n", " # c\n", "\r\n\r\n"))
			g.body(depth - 1)
			g.write("}")
			g.end()
			continue
		}
		g.write(name, g.pick("", " ", "   "), "=")
		if g.r.IntN(8) == 0 {
			g.heredoc()
			continue
		}
		g.space()
		g.expression(3)
		g.end()
	}
	g.within = within
}

// heredoc writes an attribute's value to the end of its last line.
func (g *generator) heredoc() {
	g.write(g.pick("<<EOT\n", " <<-EOT\n", "  <<EOT\r\n"))
	for range g.r.IntN(4) {
		g.write(g.pick("", "  ", "\t"), g.pick("text  ", "", "# no comment", "\"quoted\"", "{"))
		if g.r.IntN(3) == 0 {
			g.interpolation(2)
		}
		g.write(g.pick("\n", "\r\n", "\n\n\n"))
	}
	g.write(g.pick("", "  "), "EOT", g.pick("\n", "  \n", "\r\n", "\n\n\n"))
}

func (g *generator) interpolation(depth int) {
	g.within++
	g.write(g.pick("${", "${", "${~"))
	g.space()
	g.expression(depth)
	g.space()
	g.write(g.pick("}", "}", "~}"))
	g.within--
}

func (g *generator) expression(depth int) {
	forms := []func(int){g.leaf, g.leaf, g.operation, g.template, g.wrapped, g.wrapped, g.list, g.object, g.call, g.parens, g.loop, g.choice, g.member}
	if depth <= 0 {
		forms = forms[:2]
	}
	forms[g.r.IntN(len(forms))](depth - 1)
}

func (g *generator) leaf(int) {
	g.write(g.pick("1", "1.5e-3", "var.a", "local.b_c", "true", "null", `"text"`, `""`, `"a \" b  "`, `"$${x}"`, "-1", "!true", "each.key", "a.b[0].c", "a.*.b", "a[*].b"))
}

func (g *generator) operation(depth int) {
	g.expression(depth)
	g.space()
	g.write(g.pick("+", "-", "*", "/ ", "%", "==", "!=", "<", ">=", "&&", "||"))
	g.space()
	g.write(g.pick("", "", "-", "!"))
	g.expression(depth)
}

func (g *generator) template(depth int) {
	g.write(`"`, g.pick("", "a ", " # "))
	g.interpolation(depth)
	g.write(g.pick("", " b", "%{ if true }c%{ else }d%{ endif }"), `"`)
}

func (g *generator) wrapped(depth int) {
	g.write(`"`)
	g.interpolation(depth)
	g.write(`"`)
}

// several writes items between brackets, each ended by a comma or, in an object,
// perhaps a line break.
func (g *generator) several(open, closing string, item func()) {
	g.within++
	g.write(open)
	for i := range g.r.IntN(4) {
		if i > 0 {
			g.write(",")
		}
		g.space()
		item()
		g.space()
	}
	g.write(closing)
	g.within--
}

func (g *generator) list(depth int) { g.several("[", "]", func() { g.expression(depth) }) }
func (g *generator) call(depth int) {
	g.several(g.pick("max(", "f (", "ns::g("), ")", func() { g.expression(depth) })
}

func (g *generator) object(depth int) {
	within := g.within
	g.within = 0 // a line break ends an item
	g.write("{", g.pick("", "\n", "\n\n", " # c\n"))
	for range g.r.IntN(4) {
		g.write(g.pick("a", `"b c"`, `"${var.a}"`, "(var.a)", "long_name"), g.pick(" = ", "=", " : ", "   = "))
		g.expression(depth)
		g.write(g.pick("\n", ",", ",\n", " # c\n", "\n\n\n"))
	}
	g.write("}")
	g.within = within
}

func (g *generator) parens(depth int) {
	g.within++
	g.write("(")
	g.space()
	g.expression(depth)
	g.space()
	g.write(")")
	g.within--
}

func (g *generator) loop(depth int) {
	g.within++
	g.write(g.pick("[ for x in ", "[for k,x in ", "[for x in"), " ")
	g.expression(depth)
	g.space()
	g.write(":")
	g.space()
	g.expression(depth)
	if g.r.IntN(2) == 0 {
		g.write(" if ")
		g.expression(depth)
	}
	g.write("]")
	g.within--
}

func (g *generator) choice(depth int) {
	g.write("(")
	g.within++
	g.expression(depth)
	g.space()
	g.write("?")
	g.expression(depth)
	g.space()
	g.write(":")
	g.expression(depth)
	g.within--
	g.write(")")
}

func (g *generator) member(depth int) {
	g.parens(depth)
	g.write(g.pick(".a", "[0]", "[ var.i ]", `["k"]`, "[*].b", ". c"))
}
