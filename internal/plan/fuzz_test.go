package plan_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/functions"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/plan"
)

// Fuzzing looks for a text that makes planning panic, take long or take much memory,
// or that breaks a promise:
//
//   - every diagnostic points into a source that is there;
//   - after an error there are no units, without one every stage has some, each
//     behind what it reads;
//   - the same text gives the same diagnostics and units, in the same order.
//
// What was found is in testdata/fuzz, and runs with the other tests.

// seeds are the texts of the files of the fixtures with an extension.
func seeds(f *testing.F, extension string) []string {
	f.Helper()
	var all []string
	err := filepath.WalkDir("testdata", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != extension {
			return err
		}
		src, err := os.ReadFile(path)
		all = append(all, string(src))
		return err
	})
	if err != nil || len(all) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	return all
}

// checkPromises plans twice and checks what holds for every text.
func checkPromises(t *testing.T, src, path string, o plan.Options) hcl.Diagnostics {
	t.Helper()
	o.Runtime = "test"
	o.Digest = func(string) (string, error) { return "", nil }
	p, diags := plan.Parse([]byte(src), path, fakeKinds(1, 1), o)
	for _, d := range diags {
		if d.Subject == nil || p.Files[d.Subject.Filename] == nil {
			t.Fatalf("%s is about no source", d)
		}
		if size := len(p.Files[d.Subject.Filename].Bytes); d.Subject.Start.Byte > d.Subject.End.Byte || d.Subject.End.Byte > size {
			t.Fatalf("%s is outside of its %d bytes", d, size)
		}
	}
	checkPlan(t, p, diags)
	if again, more := plan.Parse([]byte(src), path, fakeKinds(1, 1), o); texts(more) != texts(diags) || results(again) != results(p) {
		t.Errorf("the same text gives %s and %s", texts(diags), texts(more))
	}
	return diags
}

func texts(diags hcl.Diagnostics) string {
	var b strings.Builder
	for _, d := range diags {
		b.WriteString(severity(d) + ": " + d.Error() + "\n")
	}
	return b.String()
}

func results(p *plan.Plan) string {
	var b strings.Builder
	for _, u := range p.Units {
		b.WriteString(u.Address + " " + u.Fingerprint + "\n")
	}
	return b.String()
}

// FuzzParse is for files in the native syntax. A module that they use is the file
// itself or a fixture.
func FuzzParse(f *testing.F) {
	for _, src := range seeds(f, ".hcl") {
		f.Add(src, "3")
	}
	f.Fuzz(func(t *testing.T, src, value string) {
		vars := map[string]string{"epochs": value, "folder": value, "rates": value}
		_ = checkPromises(t, src, "testdata/x.hcl", plan.Options{Given: given(vars)})
	})
}

// FuzzJSON is for files in JSON.
func FuzzJSON(f *testing.F) {
	for _, src := range seeds(f, ".json") {
		f.Add(src)
	}
	f.Fuzz(func(t *testing.T, src string) {
		_ = checkPromises(t, src, "testdata/x.hcl.json", plan.Options{})
	})
}

const valuesPipeline = `variable "n" {
  type    = number
  default = 1
  validation {
    condition     = var.n > 0
    error_message = "Not ${var.n}."
  }
}
variable "text" {
  type      = string
  default   = "x"
  sensitive = true
}
variable "list" {
  type    = list(object({ width = optional(number, 0.5), names = optional(set(string)) }))
  default = []
}
variable "map" {
  type    = map(tuple([bool, string]))
  default = {}
}
pipeline {
  seeds       = min(3, var.n)
  description = "${length(var.list)} ${length(var.map)}"
}
download "images" {
  source = var.text
}
augment "views" {
  data = download.images.unlabelled
  crop {}
}
pretrain "ssl" {
  for_each = ["a", "b"]
  views    = augment.views
  pretext "jigsaw" {}
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.ssl
}
`

// FuzzValues is for what is given from outside: --var, --set, a file of values and the
// environment.
func FuzzValues(f *testing.F) {
	for _, value := range []string{"3", `"x`, "[{ width = 1 }, {}]", "{ a = [true, \"b\"] }", "null", "var.n", "1e999", "each.key == \"a\" ? 1 : 2"} {
		f.Add(value, "pretrain.ssl[a].epochs", "n = 2\n")
		f.Add(value, "pretrain.*.pretext.grid", "text = \"y\"\nlist = []\n")
		f.Add(value, "augment.views.transform[0].padding", "map = { a = [true, \"b\"] }\n")
		f.Add(value, "pipeline.seeds", "{\"n\": 3}")
	}
	f.Fuzz(func(t *testing.T, value, address, file string) {
		read := func(path string) ([]byte, error) {
			if strings.HasPrefix(path, "values") {
				return []byte(file), nil
			}
			return hclspec.ReadFile(path)
		}
		_ = checkPromises(t, valuesPipeline, "testdata/x.hcl", plan.Options{
			Read:   read,
			Given:  []plan.Given{{Var: "n=" + value}, {File: "values.hcl"}, {Var: "list=" + value}, {File: "values.hcl.json"}, {Var: value}},
			Sets:   []string{address + "=" + value, address, value},
			Lookup: func(string) (string, bool) { return value, true },
		})
	})
}

// FuzzExpression is for expressions where most is allowed: in a swept stage, a
// dynamic block, a local and a list of references.
func FuzzExpression(f *testing.F) {
	seen := map[string]bool{}
	for _, src := range seeds(f, ".hcl") {
		for line := range strings.Lines(src) {
			_, expr, ok := strings.Cut(line, " = ")
			expr = strings.TrimSpace(strings.Split(expr, " # ")[0])
			if isText := strings.HasPrefix(expr, `"`) && !strings.Contains(expr, "$"); ok && !isText && !seen[expr] {
				seen[expr] = true
				f.Add(expr)
			}
		}
	}
	before, after, _ := strings.Cut(head, "\n}\n")
	f.Fuzz(func(t *testing.T, expr string) {
		if strings.ContainsAny(expr, "\r\n") {
			expr = "(" + expr + "\n)"
		}
		src := before + "\n  size = " + expr + "\n}\n" + after + `
locals {
  any = ` + expr + `
}
variable "secret" {
  type      = string
  default   = "hunter2"
  sensitive = true
}
pretrain "ssl" {
  matrix {
    task = ["rotation", "jigsaw"]
  }
  views   = augment.views
  pretext = matrix.task
  rates   = local.any
  dynamic "backbone" {
    for_each = ` + expr + `
    labels   = ["mobilenet_v2"]
    content {
      alpha = backbone.value
    }
  }
}
finetune "ssl" {
  for_each = ` + expr + `
  data     = download.images.train
  init     = ` + expr + `
}
evaluate "report" {
  data    = download.images.test
  compare = [` + expr + `]
}
`
		diags := checkPromises(t, src, "testdata/x.hcl", plan.Options{})
		if i := slices.IndexFunc(diags, func(d *hcl.Diagnostic) bool { return strings.Contains(d.Detail, "hunter2") }); i >= 0 && !strings.Contains(expr, "hunter2") {
			t.Errorf("%s shows a sensitive value", diags[i])
		}
	})
}

// FuzzEval is for one expression in a pipeline that is planned: it gets to more of the
// language in the same time. Each function is called by its example.
func FuzzEval(f *testing.F) {
	for _, function := range functions.List {
		f.Add(function.Example)
	}
	for _, expr := range []string{
		"var.list[*].width", "{ for k, v in var.map : k => v... }", "var.text", "[for s in [var.text] : upper(s)]", `"%{ if var.n > 0 }a%{ else }b%{ endif }"`,
		"<<-E\n  a\n    ${var.n}\n  E\n", "1 / 0 % 10", "pretrain.ssl[a].epochs", "finetune.ssl", "download.images.train", "!(var.n >= 1 && true || false)", "-var.n",
	} {
		f.Add(expr)
	}
	p, diags := plan.Parse([]byte(valuesPipeline), "testdata/x.hcl", fakeKinds(1, 1), plan.Options{
		Runtime: "test", Digest: func(string) (string, error) { return "", nil }, Given: given(map[string]string{"text": `"hunter2"`})})
	if diags.HasErrors() {
		f.Fatal(diags)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		first, second := evaluated(t, p, expr), evaluated(t, p, expr)
		if first != second {
			t.Errorf("%q gives %s and %s", expr, first, second)
		}
		if strings.Contains(first, "hunter2") && !strings.Contains(expr, "hunter2") {
			t.Errorf("%q shows a sensitive value: %s", expr, first)
		}
	})
}

// evaluated is what becomes of an expression, as text.
func evaluated(t *testing.T, p *plan.Plan, expr string) string {
	t.Helper()
	e, diags := p.Eval(expr)
	for _, d := range diags {
		if d.Subject == nil || d.Subject.End.Byte > len(expr) || strings.Contains(d.Detail, "goroutine ") {
			t.Errorf("%q: %s at %v", expr, d, d.Subject)
		}
	}
	if diags.HasErrors() {
		return texts(diags)
	}
	text, err := e.JSON()
	if err != nil {
		return err.Error()
	}
	return string(text)
}
