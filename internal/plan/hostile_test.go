package plan_test

import (
	"fmt"
	"strings"
	"testing"
)

// Texts that would exhaust the stack or the memory of a parser or evaluator
// without limits get one clear error.
func TestHostileTextIsRefused(t *testing.T) {
	local := func(expr string) string {
		return "locals {\n  x = " + expr + "\n}\npipeline {\n  seeds = length(local.x)\n}\n"
	}
	const n = 80_000
	for name, test := range map[string]struct{ src, want string }{
		"parentheses":  {local(strings.Repeat("(", n)), "Expression too large"},
		"brackets":     {local(strings.Repeat("[", n) + strings.Repeat("]", n)), "Expression too large"},
		"blocks":       {strings.Repeat("a {\n", n), "Expression too large"},
		"negations":    {local(strings.Repeat("!", n) + "true"), "Expression too large"},
		"minus":        {local(strings.Repeat("-", n) + "1"), "Expression too large"},
		"conditionals": {local(strings.Repeat("true ? 1 : ", n) + "2"), "Expression too large"},
		"sums":         {local(strings.Repeat("1 + ", n) + "2"), "Expression too large"},
		"indices":      {local("a" + strings.Repeat("[0]", n)), "Expression too large"},
		"names":        {local("a" + strings.Repeat(".a", n)), "Expression too large"},
		"templates":    {local(strings.Repeat(`"${`, n)), "Expression too large"},
		"directives":   {local(`"` + strings.Repeat(`%{ if true }`, n) + `"`), "Expression too large"},
		"spread out":   {local("[" + strings.Repeat("(\n1 ?\n", n)), "Expression too large"},
		"digits":       {local(strings.Repeat("9", n)), "Number too large"},
		"exponent":     {local("1e99999999 % 7"), "Number too large"},
		"small number": {local("1e-99999999"), "Number too large"},
		"squares":      {"locals {\n  a0 = 1e300\n" + chain(20, "local.a%d * local.a%d") + "}\npipeline {\n  seeds = local.a20\n}\n", "Value too large"},
		"text":         {"locals {\n  a0 = \"0123456789\"\n" + chain(60, `"${local.a%d}${local.a%d}"`) + "}\npipeline {\n  description = local.a60\n}\n", "Value too large"},
		"lists":        {"locals {\n  a0 = [1]\n" + chain(60, "[local.a%d, local.a%d]") + "}\npipeline {\n  seeds = length(local.a60)\n}\n", "Value too large"},
		"nested loops": {bigLocals + "x = [for a in local.r : [for b in local.r : a]]\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"shadowed":     {bigLocals + "x = [for local in local.r : [for b in local.list : 1]]\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Unsupported attribute"},
		"loop of text": {bigLocals + "x = [for a in local.list : local.text]\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"much text":    {bigLocals + "x = \"" + strings.Repeat("${local.text}", 1000) + "\"\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"many texts":   {bigLocals + repeat(200, "xN = \"a${local.text}\"\n") + "}\npipeline {\n  seeds = length(local.x0)\n}\n", "Expression too large"},
		"many loops":   {bigLocals + repeat(150, "xN = [for a in local.list : a]\n") + "}\npipeline {\n  seeds = length(local.x0)\n}\n", "Expression too large"},
		"splats":       {bigLocals + "x = [" + strings.Repeat("local.list[*], ", 1000) + "]\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"text in loop": {bigLocals + "x = \"%{ for x in range(0, 1000) }${local.t}%{ endfor }\"\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"literal loop": {bigLocals + "x = \"%{ for x in range(0, 1000) }" + strings.Repeat("x", 10_000) + "%{ endfor }\"\n}\npipeline {\n  seeds = length(local.x)\n}\n", "Expression too large"},
		"an attribute": {bigLocals + "}\npipeline {\n  seeds = [" + strings.Repeat("local.list, ", 1000) + "]\n  description = local.text\n}\n", "Expression too large"},
		"long range":   {local("range(1e9)"), "Error in function call"},
		"large file":   {strings.Repeat("#", 1<<20+1), "File too large"},
		"not text":     {"\x00\xff\xfe{", "Argument or block definition required"},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := parse(t, test.src, nil)
			if len(diags) == 0 || diags[0].Summary != test.want {
				t.Errorf("got %v, want %s", diags, test.want)
			}
		})
	}
}

// bigLocals begins locals with a list and a text, both nearly as large as a value can be.
var bigLocals = "locals {\n  r = range(0, 1000)\n  list = concat(local.r, local.r, local.r)\n  t = \"" + strings.Repeat("0123456789", 1000) + "\"\n" +
	"  text = \"" + strings.Repeat("${local.t}", 50) + "\"\n"

// chain defines a1 to an by doubling.
func chain(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  a%d = "+format+"\n", i+1, i, i)
	}
	return b.String()
}

func TestHostileVariables(t *testing.T) {
	const src = `variable "n" {
  type = number
}
variable "s" {
  type = string
}
pipeline {
  seeds       = var.n
  description = "${upper(var.s)}${join(",", [for c in [var.s] : c])}"
}
`
	for value, want := range map[string]string{
		"1e999999999":               "Number too large",
		strings.Repeat("(", 10_000): "Expression too large",
		"3 3":                       "Extra characters after expression",
		"":                          "Missing expression",
		"\xff":                      "Invalid character encoding",
		"null":                      "",
		"var.n":                     "Wrong type",
		"[for a in [1] : a]":        "Wrong type",
	} {
		_, diags := parse(t, src, map[string]string{"n": value, "s": value})
		got := ""
		if diags.HasErrors() {
			got = diags[0].Summary
		}
		if got != want {
			t.Errorf("%.20q: got %v, want %q", value, diags, want)
		}
	}
}

func TestManyStages(t *testing.T) {
	p, diags := parse(t, manyStages(2000), nil)
	if diags != nil || len(p.Units) != 2002 {
		t.Errorf("%d units, %v", len(p.Units), diags)
	}
}

// repeat writes a format for each of n numbers.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(format, "N", fmt.Sprint(i)))
	}
	return b.String()
}

// Files of the size that is allowed, in which everything is wrong, get so many
// messages and no more: each costs a search for the nearest name.
func TestMistakesAreCounted(t *testing.T) {
	for name, src := range map[string]string{
		"references":     repeat(15_000, "variable \"aN\" {\n  type = number\n}\n") + "locals {\n" + repeat(20_000, "  bN = var.cN\n") + "}\n",
		"one expression": repeat(15_000, "variable \"aN\" {\n  type = number\n}\n") + "locals {\n  a = [" + repeat(30_000, "var.cN, ") + "]\n}\n",
		"functions":      "locals {\n  a = [" + repeat(80_000, "fN(), ") + "]\n}\n",
		"attributes":     "download \"a\" {\n" + repeat(20_000, "  aN = 1\n") + "}\n",
		"cycles":         "locals {\n" + strings.ReplaceAll(repeat(250, "  aN = [ALL]\n"), "ALL", repeat(250, "local.aN, ")) + "}\n",
		"one long cycle": "locals {\n" + repeat(5000, "  aN = local.bN\n  bN = local.aN\n") + "}\n",
	} {
		t.Run(name, func(t *testing.T) {
			p, diags := parse(t, src, nil)
			text := 0
			for _, d := range diags {
				text += len(d.Detail)
			}
			if !diags.HasErrors() || len(diags) > 1001 || text > 1<<20 {
				t.Errorf("%d diagnostics with %d bytes", len(diags), text)
			}
			checkForm(t, p, diags)
		})
	}
}

// A sweep of as many stages as are allowed is matched with another of the same size.
func TestManyCells(t *testing.T) {
	p, diags := parse(t, manyCells(3000), nil)
	if diags != nil || len(p.Stages) != 6003 {
		t.Errorf("%d stages, %v", len(p.Stages), diags)
	}
	u := unit(t, p, "finetune.ssl[3,17,labels=10,seed=0]")
	if got := strings.Join(addresses(u.Inputs["init"]), " "); got != "pretrain.ssl[3,17,seed=0]" {
		t.Errorf("it reads %s", got)
	}
}
