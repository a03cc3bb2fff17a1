package plan_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/plan"
)

const originPipeline = `variable "epochs" {
  type    = number
  default = 1
}
locals {
  alphas = [0.25, 0.5]
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
pretrain "base" {
  views = augment.views
  pretext "jigsaw" { grid = 5 }
}
pretrain "ssl" {
  base = pretrain.base
  matrix {
    alpha = local.alphas
  }
  epochs = 2 * var.epochs
  backbone "mobilenet_v2" { alpha = matrix.alpha }
}
`

// originOf returns where the value of an attribute of the second stage of the sweep in
// originPipeline came from, without the place.
func originOf(t *testing.T, path string, o plan.Options) plan.Origin {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"x.hcl": originPipeline, "b.auto.hcl": "epochs = 30", "a.auto.hcl.json": `{"epochs": 20}`,
		"values/a.hcl": "\nepochs = 50", "values/b.hcl": "epochs = 60",
	} {
		if o.Given == nil && o.Lookup == nil && name != "x.hcl" {
			continue
		}
		write(t, filepath.Join(dir, name), text)
	}
	t.Chdir(dir)
	p, diags := plan.Load([]string{"x.hcl"}, fakeKinds(1, 1), o)
	if diags.HasErrors() {
		t.Fatal(texts(diags))
	}
	s, ok := p.Stage("pretrain.ssl[0.5]")
	if !ok {
		t.Fatal("no stage")
	}
	origin, ok := s.Origin(path)
	if !ok {
		t.Fatalf("no attribute %s", path)
	}
	return origin
}

// A value is that of the default, the environment, the files read without being told,
// --var and --var-file in their order, and --set, the last that there is.
func TestPrecedence(t *testing.T) {
	environment := func(name string) (string, bool) { return "10", name == "SSLPIPE_VAR_epochs" }
	a, b, c := plan.Given{File: "values/a.hcl"}, plan.Given{File: "values/b.hcl"}, plan.Given{Var: "epochs=40"}
	for _, test := range []struct {
		name        string
		options     plan.Options
		value       int
		from        string
		usesFrom    string
		placeOfExpr string
	}{
		{"default", plan.Options{}, 2, "file", "default", "x.hcl:23,12-26"},
		{"files read without being told", plan.Options{Lookup: environment}, 60, "file", "b.auto.hcl:1", "x.hcl:23,12-26"},
		{"--var", plan.Options{Lookup: environment, Given: []plan.Given{c}}, 80, "file", "--var", "x.hcl:23,12-26"},
		{"--var last", plan.Options{Given: []plan.Given{a, b, c}}, 80, "file", "--var", "x.hcl:23,12-26"},
		{"--var-file last", plan.Options{Given: []plan.Given{b, c, a}}, 100, "file", "values/a.hcl:2", "x.hcl:23,12-26"},
		{"--set", plan.Options{Given: []plan.Given{c}, Sets: []string{"pretrain.*.epochs=7", "pretrain.ssl.epochs=var.epochs + 1", "pretrain.ssl[0.25].epochs=9"}}, 41, "set", "--var", "--set pretrain.ssl.epochs:1,21-35"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := originOf(t, "epochs", test.options)
			if got.Value != test.value || got.From != test.from || got.Base != "" || got.Range.String() != test.placeOfExpr {
				t.Errorf("got %+v", got)
			}
			if len(got.Uses) != 1 || got.Uses[0].Name != "var.epochs" || got.Uses[0].From != test.usesFrom {
				t.Errorf("uses %+v", got.Uses)
			}
		})
	}
	only := plan.Options{Lookup: environment, Read: func(string) ([]byte, error) { return []byte(originPipeline), nil }}
	p, diags := plan.Load([]string{"nowhere/x.hcl"}, fakeKinds(1, 1), only)
	if want := (plan.Value{Name: "epochs", Text: "10", From: "SSLPIPE_VAR_epochs"}); diags != nil || p.Pipeline.Variables[0] != want {
		t.Errorf("from the environment alone: %+v, %v", p.Pipeline.Variables, diags)
	}
}

func TestOrigins(t *testing.T) {
	for path, want := range map[string]plan.Origin{
		"epochs":         {Path: "epochs", Value: 2, From: "file", Uses: []plan.Use{{Name: "var.epochs", Value: "1", From: "default"}}},
		"threads":        {Path: "threads", Value: 1, From: "default"},
		"pretext":        {Path: "pretext", Value: "jigsaw", From: "base", Base: "pretrain.base"},
		"pretext.grid":   {Path: "pretext.grid", Value: 5, From: "base", Base: "pretrain.base"},
		"backbone.alpha": {Path: "backbone.alpha", Value: 0.5, From: "file", Uses: []plan.Use{{Name: "matrix.alpha", Value: "0.5"}}},
	} {
		got := originOf(t, path, plan.Options{})
		got.Range = want.Range
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", path, diff)
		}
	}
}

// Text that looks like a template is written so that HCL reads the same text again.
func TestLiteralIsReadAgain(t *testing.T) {
	for text, want := range map[string]string{"${x}": `"$${x}"`, "a\"b\n": `"a\"b\n"`, "%{if}": `"%%{if}"`} {
		if got := plan.Literal(cty.StringVal(text)); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
