package hclspec_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
)

var kinds = []string{"download", "pretrain"}

const text = `pipeline {
  seeds = var.seeds
}
variable "seeds" {
  type        = number
  default     = 3
  description = "Repetitions."
}
locals {
  b = 1
  a = local.b
}
pretrain "rot" {
  views = download.images["train"].x
  pretext "rotation" {
    angles = [for a in local.a : a + var.seeds]
  }
}
download "images" {}
`

func TestParse(t *testing.T) {
	spec, diags := hclspec.Parse([]byte(text), "x.hcl", kinds)
	if diags != nil || spec.Unreadable {
		t.Fatal(diags)
	}
	var stages, locals []string
	for _, s := range spec.Stages {
		stages = append(stages, s.Address()+" at "+s.Range.String()+", name at "+s.NameRange.String())
	}
	for _, l := range spec.Locals {
		locals = append(locals, l.Name)
	}
	want := []string{
		"pretrain.rot at x.hcl:13,1-15, name at x.hcl:13,10-15",
		"download.images at x.hcl:19,1-18, name at x.hcl:19,10-18",
	}
	if diff := cmp.Diff(want, stages); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"b", "a"}, locals); diff != "" {
		t.Error(diff)
	}
	if spec.Pipeline == nil || spec.Pipeline.Range.String() != "x.hcl:1,1-9" {
		t.Errorf("pipeline is %v", spec.Pipeline)
	}
	v := spec.Variables[0]
	if v.Name != "seeds" || v.Type == nil || v.Default == nil || v.Description == nil || v.NameRange.String() != "x.hcl:4,10-17" {
		t.Errorf("variable is %+v", v)
	}
}

func TestReferences(t *testing.T) {
	spec, _ := hclspec.Parse([]byte(text), "x.hcl", kinds)
	var got []string
	for _, r := range spec.Stages[0].Body.References() {
		got = append(got, r.String())
	}
	want := []string{"download.images.train.x", "local.a", "var.seeds"} // and not the a of the loop
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	expr, diags := hclspec.ParseExpression("a.b[0].c + d[e.f]", hcl.Range{Filename: "e", Start: hcl.InitialPos})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	refs := hclspec.References(expr)
	if refs[0].String() != "a.b" || !refs[0].More || refs[0].Range.String() != "e:1,1-9" || refs[0].Ranges[1].String() != "e:1,2-4" {
		t.Errorf("first reference is %+v", refs[0])
	}
	if refs[1].String() != "d" || refs[1].More {
		t.Errorf("second reference is %+v", refs[1])
	}
}

// What follows from a syntax error is guesswork and not reported.
func TestSyntaxErrorsAreAlone(t *testing.T) {
	spec, diags := hclspec.Parse([]byte("nonsense {\n}\npipeline {\n  seeds = = 3\n}\n"), "x.hcl", kinds)
	if !spec.Unreadable || len(diags) != 1 || diags[0].Subject.Start.Line != 4 {
		t.Errorf("got %v", diags)
	}
	if spec.Files["x.hcl"] == nil {
		t.Error("no source to show")
	}
}

func TestMisspeltKindsAreKept(t *testing.T) {
	spec, diags := hclspec.Parse([]byte("pretrian \"rot\" {\n  x = 1\n}\n"), "x.hcl", kinds)
	if len(diags) != 1 || len(spec.Misspelt) != 1 || spec.Misspelt[0].Address() != "pretrian.rot" || len(spec.Stages) != 0 {
		t.Errorf("got %v, %+v", diags, spec)
	}
}

// The limits leave room for anything that a person writes.
func TestLimits(t *testing.T) {
	long := strings.Repeat("  # a comment, with (((( and {{{{ in it\n", 5000)
	for name, test := range map[string]struct {
		src  string
		fine bool
	}{
		"comments":       {"locals {\n" + long + "}\n", true},
		"deep":           {"locals {\n  x = " + strings.Repeat("(", 1900) + "1" + strings.Repeat(")", 1900) + "\n}\n", true},
		"too deep":       {"locals {\n  x = " + strings.Repeat("(", 2000) + "1" + strings.Repeat(")", 2000) + "\n}\n", false},
		"long list":      {"locals {\n  x = [" + strings.Repeat("1,\n", 5000) + "]\n}\n", true},
		"many blocks":    {"download \"x\" {\n" + strings.Repeat("  y {\n  z = -1\n  }\n", 2000) + "}\n", true},
		"long text":      {"locals {\n  x = <<EOT\n" + strings.Repeat("text ${1} \"%{if true}x%{endif}\"\n", 100) + strings.Repeat("text\n", 5000) + "EOT\n}\n", true},
		"digits":         {"locals {\n  x = 0." + strings.Repeat("3", 90) + "\n}\n", true},
		"exponents":      {"locals {\n  x = [1e300, 1E-300, 1e+5]\n}\n", true},
		"large exponent": {"locals {\n  x = 1e301\n}\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			_, diags := hclspec.Parse([]byte(test.src), "x.hcl", kinds)
			if diags.HasErrors() == test.fine {
				t.Errorf("got %v", diags)
			}
		})
	}
}

func TestParseFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.hcl")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	spec, diags := hclspec.Load([]string{path}, kinds, hclspec.Files{})
	if diags != nil || spec.Path != path || string(spec.Files[path].Bytes) != text {
		t.Errorf("got %v", diags)
	}
	for _, bad := range []string{t.TempDir(), filepath.Join(dir, "none.hcl")} {
		spec, diags := hclspec.Load([]string{bad}, kinds, hclspec.Files{})
		if !spec.Unreadable || len(diags) != 1 || diags[0].Summary != "Cannot read pipeline file" {
			t.Errorf("%s: %v", bad, diags)
		}
	}
}

func TestParseExpressionPointsIntoItsSource(t *testing.T) {
	at := hcl.Range{Filename: "--var n", Start: hcl.Pos{Line: 1, Column: 3, Byte: 2}, End: hcl.Pos{Line: 1, Column: 6, Byte: 5}}
	_, diags := hclspec.ParseExpression("1 +", at)
	if len(diags) != 1 || diags[0].Subject.Filename != "--var n" || diags[0].Subject.Start.Byte < 2 || diags[0].Subject.End.Byte > 5 {
		t.Errorf("got %v", diags)
	}
	_, diags = hclspec.ParseExpression("1e999", at)
	if len(diags) != 1 || *diags[0].Subject != at {
		t.Errorf("got %v", diags)
	}
}
