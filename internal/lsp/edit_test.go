package lsp_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	gocmp "github.com/google/go-cmp/cmp"
)

type edit struct {
	Range   span
	NewText string
}

// apply edits a text as an editor does, counting in UTF-16.
func apply(t *testing.T, text string, edits ...edit) string {
	t.Helper()
	units := utf16.Encode([]rune(text))
	lines := []int{0}
	for i, u := range units {
		if u == '\n' {
			lines = append(lines, i+1)
		}
	}
	at := func(p position) int { return lines[p.Line] + p.Character }
	slices.SortFunc(edits, func(a, b edit) int { return at(b.Range.Start) - at(a.Range.Start) })
	for _, e := range edits {
		units = slices.Concat(units[:at(e.Range.Start)], utf16.Encode([]rune(e.NewText)), units[at(e.Range.End):])
	}
	return string(utf16.Decode(units))
}

// taken is the text of a range.
func taken(t *testing.T, text string, r span) string {
	t.Helper()
	without := apply(t, text, edit{Range: r})
	gone := len(text) - len(without)
	for i := 0; i+gone <= len(text); i++ {
		if text[:i]+text[i+gone:] == without {
			return text[i : i+gone]
		}
	}
	return ""
}

type location struct {
	URI   string
	Range span
}

const pipeline = `variable "größe" { type = number }
/* 🙂 */ variable "epochs" { type = number }
locals { twice = var.epochs * 2 }
download "images" { source = "mnist" }
augment "crops" { data = download.images.train }
pretrain "rot" {
  views  = augment.crops
  epochs = "🙂" == "" ? var.epochs : local.twice
  pretext "jigsaw" { grid = var["epochs"] }
}
pretrain "more" {
  views = augment.crops.views
  init  = pretrain.rot
  pretext "rotation" {}
}
`

func at(before, rest string) string {
	i := strings.Index(pipeline, before+rest)
	return pipeline[:i+len(before)] + "‸" + pipeline[i+len(before):]
}

func TestDefinition(t *testing.T) {
	for name, test := range map[string]struct {
		text string
		want []position
	}{
		"variable":             {at("? var.ep", "ochs"), []position{{1, 19}}},
		"variable in brackets": {at("var[\"ep", "ochs\"]"), []position{{1, 19}}},
		"root of a variable":   {at("? va", "r.epochs"), []position{{1, 19}}},
		"local":                {at(": local.tw", "ice"), []position{{2, 9}}},
		"stage":                {at("views  = augment.cr", "ops"), []position{{4, 9}}},
		"end of a stage":       {at("init  = pretrain.rot", "\n"), []position{{5, 10}}},
		"output":               {at("augment.crops.vi", "ews"), []position{{4, 9}}},
		"itself":               {at("pretrain \"r", "ot\""), []position{{5, 10}}},
		"nothing":              {at("dow", "nload \"images\""), []position{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := []position{}
			for _, l := range marked[[]location](start(t), "textDocument/definition", test.text) {
				if l.URI != uri {
					t.Errorf("in %s", l.URI)
				}
				got = append(got, l.Range.Start)
			}
			if diff := gocmp.Diff(test.want, got); diff != "" {
				t.Errorf("places (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDefinitionOfModule(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"m/a.hcl", "m/b.hcl", "m/notes.txt", "x ü.hcl"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c := start(t)
	main := "file://" + dir + "/main.hcl"
	c.open(main, "module \"m\" {\n  source = \"./m\"\n}\nmodule \"x\" {\n  source = \"x ü.hcl\"\n}\n")
	for line, want := range map[int][]string{1: {"/m/a.hcl", "/m/b.hcl"}, 4: {"/x%20%C3%BC.hcl"}} {
		var got []location
		result := c.call("textDocument/definition", map[string]any{"textDocument": map[string]any{"uri": main}, "position": map[string]any{"line": line, "character": 13}})
		if err := json.Unmarshal(result, &got); err != nil {
			t.Fatal(err)
		}
		var files []string
		for _, l := range got {
			files = append(files, strings.TrimPrefix(l.URI, "file://"+dir))
		}
		if diff := gocmp.Diff(want, files); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", line, diff)
		}
	}
}

func TestReferences(t *testing.T) {
	places := marked[[]location](start(t), "textDocument/references", at("variable \"ep", "ochs\""), "context", map[string]any{"includeDeclaration": true})
	var got []position
	for _, l := range places {
		if text := taken(t, pipeline, l.Range); text != "epochs" {
			t.Errorf("%v is %q", l.Range, text)
		}
		got = append(got, l.Range.Start)
	}
	want := []position{{1, 19}, {2, 21}, {7, 28}, {8, 33}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}

func TestRename(t *testing.T) {
	rename := func(t *testing.T, text, to string) string {
		changes := marked[struct{ Changes map[string][]edit }](start(t), "textDocument/rename", text, "newName", to)
		return apply(t, pipeline, changes.Changes[uri]...)
	}
	t.Run("variable", func(t *testing.T) {
		want := strings.NewReplacer(`"epochs"`, `"passes"`, "var.epochs", "var.passes").Replace(pipeline)
		if diff := gocmp.Diff(want, rename(t, at(": local.twice\n  pretext \"jigsaw\" { grid = var[\"ep", "ochs"), "passes")); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	})
	t.Run("stage", func(t *testing.T) {
		want := strings.NewReplacer(`augment "crops"`, `augment "cuts"`, "augment.crops", "augment.cuts").Replace(pipeline)
		if diff := gocmp.Diff(want, rename(t, at("augment \"cr", "ops\""), "cuts")); diff != "" {
			t.Errorf("text (-want +got):\n%s", diff)
		}
	})
	for name, test := range map[string]struct{ text, to, want string }{
		"not a name": {at("variable \"ep", "ochs\""), "a b", `"a b" cannot be a name`},
		"taken":      {at("variable \"ep", "ochs\""), "größe", "there already is var.größe"},
		"nothing":    {at("dow", "nload \"images\""), "x", "there is no name of this file here"},
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			params := c.openMarked(test.text)
			params["newName"] = test.to
			r := c.request("textDocument/rename", params)
			if r.Error == nil || !strings.Contains(r.Error.Message, test.want) {
				t.Errorf("error %+v, want %s", r.Error, test.want)
			}
		})
	}
}

func TestHover(t *testing.T) {
	for name, test := range map[string]struct{ text, want string }{
		"attribute":       {at("  ep", "ochs = "), "**epochs** _whole number_\n\nPasses."},
		"block":           {at("  pre", "text \"jigsaw\""), "**pretext** _Block, max: 1_\n\nThe task.\n\nRequired; one of jigsaw, rotation"},
		"variant":         {at("pretext \"ro", "tation\""), "`rotation` pretext\n\nPredict turns.\n\nGidaris 2018\n\nCost: 4 passes"},
		"option":          {at("gr", "id = "), "**grid** _whole number_\n\nPatches a side."},
		"kind":            {at("pre", "train \"rot\""), "**pretrain** _Block_\n\nTrains an encoder."},
		"name of a stage": {at("pretrain \"ro", "t\""), "`pretrain.rot`\n\nTrains an encoder."},
		"stage":           {at("init  = pretr", "ain.rot"), "`pretrain.rot`\n\nTrains an encoder."},
		"output":          {at("download.images.tr", "ain"), "`download.images.train` dataset\n\nTo learn from."},
		"variable":        {at("? var.ep", "ochs"), "`var.epochs` number"},
		"local":           {at(": local.tw", "ice"), "`local.twice` = `var.epochs * 2`"},
		"with a default":  {declared + "locals {\n  x = v‸ar.epochs\n}", "`var.epochs` number, default 4\n\nPasses to make."},
		"function":        {"locals {\n  a = up‸per(\"\")\n}", "`upper(str)`\n\nWrites a string in capitals.\n\n```hcl\nupper(\"ssl\") # \"SSL\"\n```"},
		"nothing":         {"locals {\n  a =‸ 1\n}", ""},
		"unknown":         {"locals {\n  a = var.no‸thing\n}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := marked[*struct{ Contents struct{ Kind, Value string } }](start(t), "textDocument/hover", test.text)
			switch {
			case got == nil && test.want != "":
				t.Errorf("nothing, want %q", test.want)
			case got != nil && (got.Contents.Kind != "markdown" || got.Contents.Value != test.want):
				t.Errorf("%s %q, want %q", got.Contents.Kind, got.Contents.Value, test.want)
			}
		})
	}
}

// Once a pipeline has been planned, names say what they come to.
func TestHoverAfterPlanning(t *testing.T) {
	c := start(t)
	text := `variable "n" {
  type    = number
  default = 3
}
locals {
  twice = var.n * 2
}
download "images" { source = "mnist" }
augment "crops" { data = download.images.train }
pretrain "rot" {
  matrix { a = [1, 2] }
  views  = augment.crops
  epochs = local.twice
  pretext "jigsaw" { grid = 1 + matrix.a }
}
`
	c.open(uri, text)
	if p := c.publication(); len(p.Diagnostics) != 0 {
		t.Fatalf("diagnostics %+v", p.Diagnostics)
	}
	for line, test := range map[int]struct {
		character int
		want      string
	}{
		0:  {11, "`var.n` number, default 3"},
		5:  {3, "`local.twice` = `var.n * 2` = `6`"},
		7:  {11, "`download.images` 1 unit\n\nGets images."},
		9:  {11, "`pretrain.rot` 2 units in 2 stages\n\nTrains an encoder."},
		10: {12, "`matrix.a` = `[1, 2]`"},
		13: {35, "`matrix.a` = `[1, 2]`"},
	} {
		var got struct{ Contents struct{ Value string } }
		result := c.call("textDocument/hover", map[string]any{
			"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": line, "character": test.character},
		})
		if err := json.Unmarshal(result, &got); err != nil {
			t.Fatal(err)
		}
		if got.Contents.Value != test.want {
			t.Errorf("line %d: %q, want %q", line, got.Contents.Value, test.want)
		}
	}
}

type symbol struct {
	Name, Detail   string
	Kind           int
	SelectionRange span
	Children       []symbol
}

func TestDocumentSymbols(t *testing.T) {
	c := start(t)
	c.open(uri, pipeline)
	var got []symbol
	if err := json.Unmarshal(c.call("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": uri}}), &got); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var write func(indent string, symbols []symbol)
	write = func(indent string, symbols []symbol) {
		for _, s := range symbols {
			lines = append(lines, strings.TrimRight(indent+s.Name+" "+s.Detail, " "))
			write(indent+"  ", s.Children)
		}
	}
	write("", got)
	want := []string{
		"größe variable", "epochs variable", "locals", "  twice var.epochs * 2", "images download", "crops augment",
		"rot pretrain", "  jigsaw pretext", "more pretrain", "  rotation pretext",
	}
	if diff := gocmp.Diff(want, lines); diff != "" {
		t.Errorf("outline (-want +got):\n%s", diff)
	}
}

func TestFormatting(t *testing.T) {
	c := start(t)
	format := func(text string) reply {
		c.open(uri, text)
		return c.request("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": uri}, "options": map[string]any{"tabSize": 4}})
	}
	text := "# 🙂\nlocals {\n a=1\n   b  = 2\n}\n# end\n"
	var edits []edit
	if err := json.Unmarshal(format(text).Result, &edits); err != nil {
		t.Fatal(err)
	}
	if len(edits) != 1 || edits[0].Range != (span{position{2, 0}, position{4, 0}}) {
		t.Errorf("edits %+v, want one of lines 2 and 3 alone", edits)
	}
	formatted := "# 🙂\nlocals {\n  a = 1\n  b = 2\n}\n# end\n"
	if got := apply(t, text, edits...); got != formatted {
		t.Errorf("formatted as %q", got)
	}
	if got := string(format(formatted).Result); got != "[]" {
		t.Errorf("edits of a formatted file: %s", got)
	}
	if r := format("locals {"); r.Error == nil || !strings.Contains(r.Error.Message, "not formatted") {
		t.Errorf("a file that does not parse: %+v", r)
	}
}
