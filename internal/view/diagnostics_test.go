package view

import (
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const pipeline = `pretrain "rotation" {
	views  = augment.veiws
  note = "日本語 ∀" + widht
  backbone "mobilenet_v2" {
    alpha = 0.35
    # a comment

    stem_stride = 2
    extra = true
  }
}
`

// at finds a fragment of the source and makes a diagnostic for it.
func at(t *testing.T, name, source, fragment string, severity hcl.DiagnosticSeverity, summary, detail string) *hcl.Diagnostic {
	t.Helper()
	start := strings.Index(source, fragment)
	if start < 0 {
		t.Fatalf("%q is not in the source", fragment)
	}
	position := func(byte int) hcl.Pos {
		before := source[:byte]
		return hcl.Pos{Line: 1 + strings.Count(before, "\n"), Column: 1, Byte: byte}
	}
	return &hcl.Diagnostic{Severity: severity, Summary: summary, Detail: detail,
		Subject: &hcl.Range{Filename: name, Start: position(start), End: position(start + len(fragment))}}
}

func parse(t *testing.T, name, source string) map[string]*hcl.File {
	t.Helper()
	parser := hclparse.NewParser()
	if _, diags := parser.ParseHCL([]byte(source), name); diags.HasErrors() {
		t.Fatal(diags)
	}
	return parser.Files()
}

func diagnose(t *testing.T, files map[string]*hcl.File, diags hcl.Diagnostics, s Style) string {
	t.Helper()
	return render(t, func(w io.Writer) error { return Diagnostics(w, files, diags, s) })
}

func TestDiagnostics(t *testing.T) {
	const name = "pipelines/rotation.hcl"
	files := parse(t, name, pipeline)
	detail := `There is no stage "veiws" of kind augment. The stages of kind augment are: views. A reference names a kind, a stage and one of its outputs.`
	diags := hcl.Diagnostics{
		at(t, name, pipeline, "stem_stride", hcl.DiagWarning, "Unused setting", "It has no effect at 28 pixels."),
		at(t, name, pipeline, "backbone \"mobilenet_v2\" {\n    alpha = 0.35\n    # a comment\n\n    stem_stride = 2\n    extra = true\n  }", hcl.DiagError, "Repeated block", "Only one backbone is allowed."),
		at(t, name, pipeline, "widht", hcl.DiagError, "Unknown variable", `Did you mean "width"?`),
		at(t, name, pipeline, "augment.veiws", hcl.DiagError, "Reference to undeclared stage", detail),
		at(t, name, pipeline, "widht", hcl.DiagError, "Unknown variable", `Did you mean "width"?`),
		at(t, name, pipeline, "0.35\n    # a comment\n\n    stem_stride", hcl.DiagError, "Over a few lines", "It starts inside a line."),
		{Severity: hcl.DiagError, Summary: "No pipeline file", Detail: "There is nothing to run."},
		{Severity: hcl.DiagError, Summary: "In another file", Subject: &hcl.Range{Filename: "z.hcl", Start: hcl.Pos{Line: 3, Column: 1, Byte: 20}, End: hcl.Pos{Line: 3, Column: 2, Byte: 21}}},
	}
	text := diagnose(t, files, diags, Style{})
	noANSI(t, text)
	fits(t, text, 80)
	golden(t, "diagnostics.txt", text)

	rand.New(rand.NewPCG(1, 2)).Shuffle(len(diags), func(i, j int) { diags[i], diags[j] = diags[j], diags[i] })
	if again := diagnose(t, files, diags, Style{}); again != text {
		t.Error("the order of the diagnostics changes the text")
	}
	colored := diagnose(t, files, diags, Style{Color: true})
	if !strings.Contains(colored, "\x1b[1;31mError:\x1b[0m") {
		t.Errorf("no colour:\n%s", colored)
	}
	for _, code := range []string{"\x1b[1;31m", "\x1b[1;33m", "\x1b[0m"} {
		colored = strings.ReplaceAll(colored, code, "")
	}
	if colored != text {
		t.Error("colour changes the text")
	}
}

// A mistake in a value tells what the names stand for that it is made of.
func TestDiagnosticsTellValues(t *testing.T) {
	const name, source = "x.hcl", "finetune \"f\" {\n  seeds = var.n * local.per[\"seed\"] - length(local.long) + var.n + each.value\n}\n"
	files := parse(t, name, source)
	d := at(t, name, source, `var.n * local.per["seed"] - length(local.long) + var.n + each.value`, hcl.DiagError,
		"Invalid value", "seeds must be at most 1000, not 3000.")
	body := files[name].Body.(*hclsyntax.Body)
	d.Expression = body.Blocks[0].Body.Attributes["seeds"].Expr
	var long []cty.Value
	for range 100 {
		long = append(long, cty.StringVal("item"))
	}
	d.EvalContext = &hcl.EvalContext{Variables: map[string]cty.Value{
		"var": cty.ObjectVal(map[string]cty.Value{"n": cty.NumberIntVal(3)}),
		"local": cty.ObjectVal(map[string]cty.Value{
			"per": cty.MapVal(map[string]cty.Value{"seed": cty.NumberIntVal(1000)}), "long": cty.TupleVal(long)}),
		"each": cty.ObjectVal(map[string]cty.Value{"key": cty.StringVal("a"), "value": cty.ObjectVal(map[string]cty.Value{
			"rates": cty.TupleVal([]cty.Value{cty.NumberFloatVal(0.1), cty.NullVal(cty.Number)})})}),
	}}
	text := diagnose(t, files, hcl.Diagnostics{d}, Style{})
	fits(t, text, 80)
	golden(t, "diagnostics_values.txt", text)
}

func TestDiagnosticsOfBrokenSyntax(t *testing.T) {
	parser := hclparse.NewParser()
	_, diags := parser.ParseHCL([]byte("download \"images\" {\r\n  source = \r\n"), "broken.hcl")
	text := diagnose(t, parser.Files(), diags, Style{})
	if !strings.Contains(text, "  on broken.hcl line 2") || !strings.Contains(text, "\n  2:   source =\n") || !strings.Contains(text, "^") {
		t.Errorf("text:\n%s", text)
	}
	noANSI(t, text)
}

// column is where the caret of a marked line stands, in terminal columns.
func TestCaretLine(t *testing.T) {
	for _, c := range []struct{ name, line, fragment, want string }{
		{"plain", `  data = x.y`, "x.y", "         ^~~"},
		{"one character", `a = b`, "b", "    ^"},
		{"after tabs", "\ta\t= bad", "bad", "          ^~~"},
		{"after wide characters", `名 = bad`, "bad", "     ^~~"},
		{"under wide characters", `a = "名前"`, `"名前"`, "    ^~~~~~"},
		{"after a combining accent", "e\u0301 = bad", "bad", "    ^~~"},
		{"after an invalid byte", "\xff = bad", "bad", "    ^~~"},
		{"after an escape character", "\x1b = bad", "bad", "    ^~~"},
	} {
		from := strings.Index(c.line, c.fragment)
		text, mark := markLine([]byte(c.line), from, from+len(c.fragment), 80)
		if mark != c.want {
			t.Errorf("%s: marks %q, want %q under %q", c.name, mark, c.want, text)
		}
		if strings.ContainsAny(text, "\t\x1b") || !utf8.ValidString(text) {
			t.Errorf("%s: %q is not printable", c.name, text)
		}
	}
	if _, mark := markLine([]byte("a ="), 3, 3, 80); mark != "   ^" {
		t.Errorf("at the end of a line: %q", mark)
	}
}

func TestLongSourceLinesAreCutAroundTheMark(t *testing.T) {
	source := "x = [" + strings.Repeat("1, ", 100) + "bad, " + strings.Repeat("2, ", 100) + "3]\n"
	file, _ := hclsyntax.ParseConfig([]byte(source), "long.hcl", hcl.InitialPos)
	for fragment, marks := range map[string]string{"bad": "^~~", "x": "^", "3]": "^~"} {
		d := at(t, "long.hcl", source, fragment, hcl.DiagError, "Wrong", "")
		text := diagnose(t, map[string]*hcl.File{"long.hcl": file}, hcl.Diagnostics{d}, Style{})
		fits(t, text, 80)
		lines := strings.Split(text, "\n")
		column := strings.Index(lines[3], "^")
		if !strings.HasSuffix(lines[3], " "+marks) || !strings.HasPrefix(string([]rune(lines[2])[column:]), fragment) {
			t.Errorf("marks not under %q:\n%s", fragment, text)
		}
	}
}

func TestDiagnosticsOfNothing(t *testing.T) {
	if text := diagnose(t, nil, nil, Style{}); text != "" {
		t.Errorf("text %q without diagnostics", text)
	}
}

func FuzzSnippet(f *testing.F) {
	f.Add([]byte("a\tb\n\xff名\r\nc"), 1, 1, 9, 3, 30)
	f.Fuzz(func(t *testing.T, source []byte, line, start, end, endLine, width int) {
		r := hcl.Range{Start: hcl.Pos{Line: line, Byte: start}, End: hcl.Pos{Line: endLine, Byte: end}}
		for _, l := range snippet(source, r, clamp(width, 20, 200)) {
			if strings.ContainsAny(l.text, "\n\t\x1b") {
				t.Errorf("line %q", l.text)
			}
		}
	})
}
