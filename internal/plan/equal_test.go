package plan_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

// fingerprints of the units of a plan, by address.
func fingerprints(p *plan.Plan) map[string]string {
	all := map[string]string{}
	for _, u := range p.Units {
		all[u.Address] = u.Fingerprint
	}
	return all
}

func mustLoad(t *testing.T, paths ...string) *plan.Plan {
	t.Helper()
	p, diags := plan.Load(paths, fakeKinds(1, 1), plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(texts(diags))
	}
	return p
}

func TestJSONMeansTheSameAsNativeSyntax(t *testing.T) {
	native := fingerprints(mustLoad(t, "testdata/valid/native.hcl"))
	json := fingerprints(mustLoad(t, "testdata/valid/json.hcl.json"))
	if len(native) != 13 || !maps.Equal(native, json) {
		t.Errorf("native syntax has %v, JSON %v", native, json)
	}
}

// A file can be cut between blocks, and what comes of it does not depend on the order
// of its parts.
func TestFilesMeanTheSameInAnyOrder(t *testing.T) {
	src, err := os.ReadFile("testdata/valid/sweeps.hcl")
	if err != nil {
		t.Fatal(err)
	}
	want := fingerprints(mustLoad(t, "testdata/valid/sweeps.hcl"))
	parts := strings.SplitAfter(string(src), "\n}\n")
	dir := t.TempDir()
	files := []string{"1.hcl", "2.hcl", "3.hcl"}
	for i, name := range files {
		files[i] = filepath.Join(dir, name)
		text := ""
		for n := i; n < len(parts); n += len(files) {
			text += parts[n]
		}
		write(t, files[i], text)
	}
	for _, paths := range [][]string{{dir}, files, {files[2], files[0], files[1]}, {files[1], dir}} {
		if got := fingerprints(mustLoad(t, paths...)); !maps.Equal(got, want) {
			t.Errorf("%v have %v, not %v", paths, got, want)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// writtenOut is a stage to which others, that are written in other ways, are equal.
const writtenOut = head + `
pretrain "p" {
  views  = augment.views
  epochs = 3
  rates  = [0.5]
  pretext "jigsaw" { grid = 4 }
  backbone "mobilenet_v2" { alpha = 0.5 }
}
finetune "f" {
  data = download.images.train
  init = pretrain.p
  mode = "linear"
}
`

func TestWaysOfWritingTheSame(t *testing.T) {
	for _, test := range []struct {
		name, src, address string
		options            plan.Options
	}{
		{name: "base", address: "finetune.f[labels=10,seed=2]", src: head + `
finetune "base" {
  data = download.images.train
  mode = "linear"
}
finetune "f" {
  base = finetune.base
  init = pretrain.p
}
pretrain "p" {
  base   = pretrain.base
  epochs = 3
  pretext "jigsaw" { grid = 4 }
}
pretrain "base" {
  views  = augment.views
  epochs = 77
  rates  = [0.5]
  pretext "rotation" {}
  backbone "mobilenet_v2" { alpha = 0.5 }
}
`},
		{name: "a cell of sweeps", address: "finetune.f[4,0.5,linear,labels=10,seed=2]", src: head + `
pretrain "p" {
  matrix {
    grid  = [3, 4]
    alpha = [0.25, 0.5]
  }
  views  = augment.views
  epochs = 3
  rates  = [0.5]
  pretext "jigsaw" { grid = matrix.grid }
  backbone "mobilenet_v2" { alpha = matrix.alpha }
}
finetune "f" {
  for_each = ["full", "linear"]
  data     = download.images.train
  init     = pretrain.p
  mode     = each.key
}
`},
		{name: "values of variables", address: "finetune.f[labels=10,seed=2]",
			options: plan.Options{Given: given(map[string]string{"epochs": "3", "grid": "4", "mode": "linear", "rates": "[0.5]"})},
			src: `variable "epochs" {
  type = number
}
variable "grid" {
  type = number
}
variable "mode" {
  type = string
}
variable "rates" {
  type = list(number)
}
` + replace(t, replace(t, replace(t, replace(t, writtenOut, "= 3", "= var.epochs"), "= 4", "= var.grid"), `"linear"`, "var.mode"), "[0.5]", "var.rates")},
		{name: "--set", address: "finetune.f[labels=10,seed=2]",
			options: plan.Options{Sets: []string{"pretrain.*.epochs=3", "pretrain.p.pretext.grid=4", "finetune.f.mode=linear", "*.p.rates=[0.5]", "pretrain.p.backbone.alpha=0.5", "finetune.*.init=pretrain.p.encoder"}},
			src: head + `
finetune "f" {
  data = download.images.train
}
pretrain "p" {
  views   = augment.views
  pretext = "jigsaw"
}
`},
		{name: "blocks that are made", address: "finetune.f[labels=10,seed=2]", src: replace(t, replace(t, writtenOut,
			`pretext "jigsaw" { grid = 4 }`, `dynamic "pretext" {
    for_each = { jigsaw = 4 }
    labels   = [pretext.key]
    content { grid = pretext.value }
  }`), `backbone "mobilenet_v2" { alpha = 0.5 }`, `dynamic "backbone" {
    for_each = [0.5]
    iterator = b
    labels   = ["mobilenet_${"v2"}"]
    content { alpha = b.value }
  }`)},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.Runtime = "test"
			p, diags := plan.Parse([]byte(test.src), "x.hcl", fakeKinds(1, 1), test.options)
			if diags.HasErrors() {
				t.Fatal(texts(diags))
			}
			got, want := unit(t, p, test.address), unit(t, mustParse(t, writtenOut), "finetune.f[labels=10,seed=2]")
			if got.Fingerprint != want.Fingerprint {
				t.Errorf("the recipes differ:\n%s\n%s\n%s\n%s", got.Recipe, want.Recipe, got.Inputs["init"][0].Recipe, want.Inputs["init"][0].Recipe)
			}
		})
	}
}

func TestModuleMeansTheSameAsItsStages(t *testing.T) {
	dir := t.TempDir()
	_, stages, _ := strings.Cut(writtenOut, head)
	stages = strings.NewReplacer("augment.views", "var.views", "download.images.train", "var.images").Replace(stages)
	write(t, filepath.Join(dir, "part", "stages.hcl"), stages)
	write(t, filepath.Join(dir, "part", "variables.hcl"), "variable \"views\" {\n  type = views\n}\nvariable \"images\" {\n  type = dataset\n}\n")
	write(t, filepath.Join(dir, "x.hcl"), head+"module \"m\" {\n  source = \"./part\"\n  views  = augment.views\n  images = download.images.train\n}\n")
	p := mustLoad(t, filepath.Join(dir, "x.hcl"))
	want := fingerprintOf(t, writtenOut, "finetune.f[labels=10,seed=2]")
	if got := unit(t, p, "module.m.finetune.f[labels=10,seed=2]").Fingerprint; got != want {
		t.Errorf("the fingerprint is %s, not %s", got, want)
	}
}

const secretPipeline = `variable "token" {
  type      = string
  default   = "default-of-token"
  sensitive = true
}
variable "numbers" {
  type      = list(number)
  default   = [70001, 70002]
  sensitive = true
}
variable "object" {
  type      = object({ size = number, classes = map(string) })
  default   = { size = 28, classes = { a = "class-of-object" } }
  sensitive = true
}
locals {
  address = "https://${var.token}@example.org"
}
pipeline {
  description = "Of ${local.address}"
}
download "images" {
  source  = local.address
  size    = var.object.size
  classes = var.object.classes
  comment = var.token
}
augment "views" {
  data = download.images.unlabelled
  dynamic "crop" {
    for_each = [for n in var.numbers : n - 69990]
    content { padding = crop.value }
  }
}
pretrain "p" {
  views = augment.views
  rates = var.numbers
  pretext "jigsaw" { permutations = var.numbers[0] }
}
`

// secretsOf are the values in secretPipeline, and what is made of them.
var secretsOf = []string{"default-of-token", "another-token", "70001", "70002", "class-of-object", `"padding":11`, "example.org", `"size":28`}

func TestSensitiveValuesAreInNothingThatIsShown(t *testing.T) {
	for name, given := range map[string][]plan.Given{
		"default":        nil,
		"--var":          {{Var: "token=another-token"}},
		"file of values": {{File: "values.hcl"}},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(path string) ([]byte, error) {
				if path == "values.hcl" {
					return []byte("token = \"another-token\"\n"), nil
				}
				return []byte(secretPipeline), nil
			}
			p, diags := plan.Load([]string{"x.hcl"}, fakeKinds(1, 1), plan.Options{Runtime: "test", Read: read, Given: given})
			if diags != nil {
				t.Fatal(texts(diags))
			}
			shown := fmt.Sprintf("%+v\n", p.Pipeline)
			for _, u := range p.Units {
				shown += u.Address + string(u.Recipe) + "\n"
			}
			for _, s := range p.Stages {
				for _, o := range s.Origins() {
					if o.From != "default" {
						shown += fmt.Sprintf("%s %v %+v\n", o.Path, o.Value, o.Uses)
					}
				}
			}
			for path, file := range p.Files {
				shown += path + string(file.Bytes)
			}
			hides(t, shown)
			if !strings.Contains(shown, `"source":"sensitive:`) || !strings.Contains(shown, "  default   = ******************\n") {
				t.Errorf("nothing is hidden in %s", shown)
			}
		})
	}
}

func hides(t *testing.T, shown string) {
	t.Helper()
	shown = strings.ReplaceAll(shown, "n - 69990", "") // as it is written
	shown = strings.ReplaceAll(shown, "@example.org\"", "")
	for _, secret := range secretsOf {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is in\n%s", secret, shown)
		}
	}
}

func TestSensitiveValuesAreInNoMessage(t *testing.T) {
	for _, wrong := range []string{
		"locals {\n  x = var.numbers.size\n}\n",
		"locals {\n  x = { a = 1 }[var.token]\n}\n",
		"locals {\n  x = var.object[var.token]\n}\n",
		"locals {\n  x = tonumber(var.token) + index([1], var.numbers[0])\n}\n",
		"locals {\n  x = lookup({ a = 1 }, var.token, [])[var.numbers[1]]\n}\n",
		"locals {\n  x = element([], var.numbers[1])\n  y = range(var.numbers[0])\n  z = format(\"%d\", var.token)\n}\n",
		"locals {\n  x = [for i in var.numbers : { (tostring(i)) = nothing }]\n}\n",
		"locals {\n  x = { for i in [1, 2] : var.token => 1 }\n}\n",
		"download \"d\" {\n  path = var.token\n}\n",
		"download \"d\" {\n  source = var.numbers\n}\n",
		"augment \"a\" {\n  data = var.token\n  crop { padding = var.numbers[0] }\n}\n",
		"pretrain \"a\" {\n  views   = augment.views\n  pretext = var.token\n}\n",
		"pretrain \"a\" {\n  views   = augment.views\n  pretext \"jigsaw\" { grid = -var.numbers[0] }\n}\n",
		"pretrain \"a\" {\n  views   = augment.views\n  seeds = var.numbers[0]\n  backbone \"mobilenet_v2\" { strides = [for n in var.numbers : -n] }\n}\n",
		"finetune \"a\" {\n  data = download.images.train\n  mode = var.token\n}\n",
		"finetune \"a\" {\n  for_each = toset([var.token])\n  data = download.images.train\n}\n",
		"finetune \"a\" {\n  matrix {\n    n = var.numbers\n  }\n  data = download.images.train\n}\n",
		"variable \"x\" {\n  type = string\n  default = \"another-token\"\n  sensitive = true\n  validation {\n    condition = length(var.x) > 100\n    error_message = \"Not ${upper(var.x)} ${var.x}.\"\n  }\n}\n",
		"variable \"x\" {\n  type = number\n  default = \"another-token\"\n  sensitive = true\n}\n",
		"variable \"x\" {\n  type = object({ a = number })\n  default = { a = 1, another-token = 70001 }\n  sensitive = true\n}\n",
	} {
		p, diags := parse(t, secretPipeline+wrong, nil)
		if !diags.HasErrors() {
			t.Errorf("no error: %s", wrong)
		}
		hides(t, texts(diags))
		for _, d := range diags {
			hides(t, values(d))
		}
		if file := p.Files["x.hcl"]; strings.Contains(string(file.Bytes), "default-of-token") {
			t.Error("the source shows a default")
		}
	}
}

// values are what the names in a diagnostic's expression stand for.
func values(d *hcl.Diagnostic) string {
	if d.Expression == nil || d.EvalContext == nil {
		return ""
	}
	text := ""
	for _, traversal := range d.Expression.Variables() {
		value, _ := plan.ShortValue(traversal, d.EvalContext)
		text += value + "\n"
	}
	return text
}

func TestSensitiveValuesAreInFingerprints(t *testing.T) {
	first := mustParse(t, secretPipeline)
	for value, changed := range map[string]string{
		"token=another-token":                               "download.images",
		"numbers=[70001, 70003]":                            "augment.views",
		"numbers=[70003, 70002]":                            "pretrain.p[seed=0]",
		"object={ size = 29, classes = {} }":                "download.images",
		"object={ size = 28, classes = { a = \"other\" } }": "download.images",
	} {
		p, diags := plan.Parse([]byte(secretPipeline), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: "test", Given: []plan.Given{{Var: value}}})
		if diags.HasErrors() {
			t.Fatal(texts(diags))
		}
		if unit(t, p, changed).Fingerprint == unit(t, first, changed).Fingerprint {
			t.Errorf("%s does not change %s", value, changed)
		}
	}
}
