package plan_test

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

// again plans from the record of a plan alone, as read back, in another folder.
func again(t *testing.T, s *plan.Sources, o plan.Options) (*plan.Plan, hcl.Diagnostics) {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	back := &plan.Sources{Files: s.Files}
	if err := json.Unmarshal(text, back); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	o.Runtime = "test"
	return back.Load(fakeKinds(1, 1), o)
}

func fingerprintsOf(p *plan.Plan) map[string]string {
	all := map[string]string{}
	for _, u := range p.Units {
		all[u.Address] = u.Fingerprint
	}
	return all
}

// copied is a copy of testdata, as the working directory.
func copied(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "testdata"), os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	return dir
}

func TestEveryValidFixtureIsPlannedAgainWithoutItsFiles(t *testing.T) {
	for _, f := range fixtures(t, "valid") {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			dir := copied(t)
			p, diags := load(f)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
			q, diags := again(t, p.Sources(), plan.Options{})
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(fingerprintsOf(p), fingerprintsOf(q)); diff != "" || len(p.Units) == 0 {
				t.Errorf("%d units, fingerprints (-first +again):\n%s", len(p.Units), diff)
			}
			if p.Pipeline.Name != q.Pipeline.Name {
				t.Errorf("the pipeline is called %s, then %s", p.Pipeline.Name, q.Pipeline.Name)
			}
			if diff := cmp.Diff(p.Sources(), q.Sources()); diff != "" {
				t.Errorf("sources (-first +again):\n%s", diff)
			}
		})
	}
}

// writeAll makes files in a new working directory.
func writeAll(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(filepath.Join(dir))
	return dir
}

var outside = map[string]string{
	"exp/main.hcl": `pipeline {
  seeds = 1
  env   = ["SIZE", "UNUSED"]
}
variable "zip" { type = string }
variable "epochs" { type = number }
download "images" {
  path    = var.zip
  size    = tonumber(env("SIZE"))
  classes = { a = chomp(file("../lists/a.txt")) }
}
download "local" { path = "photos" }
module "m" { source = "../modules/m" }
augment "views" { data = download.images.unlabelled }
pretrain "p" {
  views  = augment.views
  epochs = var.epochs
  pretext "rotation" {}
}
`,
	"exp/main.auto.hcl":        "epochs = 7\n",
	"exp/other.hcl":            "not = read\n",
	"lists/a.txt":              "cat\n",
	"modules/m/download.hcl":   "download \"more\" { source = file(\"name.txt\") }\n",
	"modules/m/name.txt":       "known",
	"data.zip":                 "zip",
	"exp/photos/cat/1.png":     "png",
	"modules/unrelated/no.hcl": "",
}

func loadOutside(t *testing.T, path string) *plan.Plan {
	t.Helper()
	env := map[string]string{"SIZE": "16", "UNUSED": "x", "HOME": "/root", "SSLPIPE_VAR_zip": "data.zip"}
	p, diags := plan.Load([]string{path}, fakeKinds(1, 1), plan.Options{Runtime: "test", Sets: []string{"pretrain.*.rates=[1]"},
		Lookup: func(name string) (string, bool) { v, ok := env[name]; return v, ok }})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

// What is recorded is what was read and no more, the same wherever the files are and
// however they are named.
func TestSourcesAreWhatWasReadRelativeToOneRoot(t *testing.T) {
	for _, absolute := range []bool{false, true} {
		dir := writeAll(t, outside)
		path := "exp/main.hcl"
		if absolute {
			path = filepath.Join(dir, path)
		}
		p := loadOutside(t, path)
		s := p.Sources()
		if s.Root != dir {
			t.Errorf("the root is %s, want %s", s.Root, dir)
		}
		zip, err := plan.Digest("data.zip")
		if err != nil {
			t.Fatal(err)
		}
		photos, err := plan.Digest("exp/photos")
		if err != nil {
			t.Fatal(err)
		}
		want := &plan.Sources{Root: dir, Pipelines: []string{"exp/main.hcl"}, Sets: []string{"pretrain.*.rates=[1]"}, Dir: ".",
			Environment: map[string]string{"SIZE": "16", "SSLPIPE_VAR_zip": "data.zip"},
			Data:        map[string]string{"data.zip": zip, "exp/photos": photos}, Files: map[string][]byte{}}
		for _, name := range []string{"exp/main.hcl", "exp/main.auto.hcl", "lists/a.txt", "modules/m/download.hcl", "modules/m/name.txt"} {
			want.Files[name] = []byte(outside[name])
		}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Errorf("sources (-want +got):\n%s", diff)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		for _, root := range []string{dir, ""} { // here, and where the run was brought to
			s.Root = root
			q, diags := again(t, s, plan.Options{})
			if diff := cmp.Diff(fingerprintsOf(p), fingerprintsOf(q)); diff != "" || diags.HasErrors() {
				t.Errorf("from %q: %v, fingerprints (-first +again):\n%s", root, diags, diff)
			}
		}
	}
}

func TestAbsolutePathsOfFilesKeepTheirPlace(t *testing.T) {
	dir := writeAll(t, map[string]string{"a/main.hcl": "", "b/name.txt": "known"})
	text := `download "images" { source = file("` + dir + `/b/name.txt") }` + "\n"
	if err := os.WriteFile("a/main.hcl", []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	p, diags := plan.Load([]string{"a/main.hcl"}, fakeKinds(1, 1), plan.Options{Runtime: "test"})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s := p.Sources()
	if s.Root != "/" || !slices.Equal(s.Pipelines, []string{dir[1:] + "/a/main.hcl"}) || len(s.Files) != 2 {
		t.Errorf("root %s, pipelines %v, %d files", s.Root, s.Pipelines, len(s.Files))
	}
	q, diags := again(t, s, plan.Options{})
	if diff := cmp.Diff(fingerprintsOf(p), fingerprintsOf(q)); diff != "" || diags.HasErrors() {
		t.Errorf("%v, fingerprints (-first +again):\n%s", diags, diff)
	}
}

func TestCheckDataComparesWithWhatItWas(t *testing.T) {
	dir := writeAll(t, outside)
	p := loadOutside(t, "exp/main.hcl")
	images := unit(t, p, "download.images").Config
	check := func(want string) {
		t.Helper()
		if err := p.Sources().CheckData(images); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	check("")
	if err := os.WriteFile("data.zip", []byte("zap"), 0o666); err != nil {
		t.Fatal(err)
	}
	if check("the data has changed: " + dir + "/data.zip has the digest "); !errors.Is(p.Sources().CheckData(images), plan.ErrChangedData) {
		t.Error("the error is not ErrChangedData")
	}
	if err := os.Remove("data.zip"); err != nil {
		t.Fatal(err)
	}
	check("there is no file or folder " + dir + "/data.zip, whose digest was ")
	if err := p.Sources().CheckData(unit(t, p, "pretrain.p[seed=0]").Config); err != nil {
		t.Errorf("a unit without data: %v", err)
	}
}

const secret = "hunter2-and-more"

// sensitiveFiles have a secret in every place where one can be.
var sensitiveFiles = map[string]string{
	"main.hcl": `pipeline { env = ["TOKEN"] }
variable "a" {
  type      = string
  sensitive = true
  default   = "` + secret + `"
}
variable "b" {
  type      = string
  sensitive = true
  default   = <<-EOT
    ` + secret + `
  EOT
}
variable "c" {
  type      = string
  sensitive = true
  default   = env("TOKEN")
}
variable "d" {
  type      = string
  sensitive = true
  default   = file("token.txt")
}
variable "e" {
  type      = string
  sensitive = true
}
variable "f" {
  type      = string
  sensitive = true
}
download "images" { source = "${var.a}${var.b}${var.c}${var.d}${var.e}${var.f}" }
`,
	"more.hcl.json":         `{"variable": {"g": {"type": "string", "sensitive": true, "default": "` + secret + `"}}, "download": {"x": {"source": "${var.g}"}}}`,
	"token.txt":             secret,
	"x.auto.hcl":            "f = \"" + secret + "\"\n",
	"values/given.hcl.json": `{"e": "` + secret + `"}`,
}

func TestSensitiveValuesAreNotRecorded(t *testing.T) {
	writeAll(t, sensitiveFiles)
	env := map[string]string{"TOKEN": secret, "SSLPIPE_VAR_e": secret}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	p, diags := plan.Load([]string{"."}, fakeKinds(1, 1), plan.Options{Runtime: "test", Lookup: lookup,
		Given: []plan.Given{{File: "values/given.hcl.json"}, {Var: "f=" + secret}}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	s := p.Sources()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range s.Files {
		text = append(append(text, name...), file...)
	}
	if strings.Contains(string(text), secret) {
		t.Errorf("the secret is in %s", text)
	}
	if want := []string{"a", "b", "c", "d", "e", "f", "g"}; !slices.Equal(slices.Sorted(slices.Values(s.Sensitive)), want) || len(s.Withheld) > 0 {
		t.Errorf("sensitive %v, withheld %v", s.Sensitive, s.Withheld)
	}

	_, diags = again(t, s, plan.Options{Given: []plan.Given{{Var: "a=x"}}})
	var missing []string
	for _, d := range diags {
		missing = append(missing, d.Summary+": "+d.Detail)
	}
	if len(missing) != 6 || missing[0] != "Missing value for variable: var.b is sensitive, so its value is not stored and must be given again: --var b=VALUE." {
		t.Errorf("without the values: %s", strings.Join(missing, "\n"))
	}
	given := []plan.Given{}
	for _, name := range []string{"a", "c", "d", "e", "g"} {
		given = append(given, plan.Given{Var: name + "=" + secret})
	}
	given = append(given, plan.Given{Var: "b=" + secret + "\n"})
	env = map[string]string{"SSLPIPE_VAR_f": secret} // beside what --var gives
	q, diags := again(t, s, plan.Options{Given: given, Lookup: lookup})
	if diff := cmp.Diff(fingerprintsOf(p), fingerprintsOf(q)); diff != "" || diags.HasErrors() {
		t.Errorf("%v, fingerprints (-first +again):\n%s", diags, diff)
	}
	_, diags = again(t, s, plan.Options{Given: append(given, plan.Given{Var: "epochs=2"}, plan.Given{Var: "f=x"})})
	if len(diags) != 1 || diags[0].Detail != "Only sensitive variables are given again, since all others are recorded, and var.epochs is not one." {
		t.Errorf("with another value: %v", diags)
	}
}

// Where a secret cannot be given again, or is also where nobody said that it is one,
// it is not recorded either, and the record says so.
func TestWithheldSecretsAreTold(t *testing.T) {
	module := "variable \"t\" {\n  type = string\n  sensitive = true\n}\ndownload \"x\" { source = var.t }\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"in a call": {map[string]string{
			"main.hcl": "module \"m\" {\n  source = \"./m/m.hcl\"\n  t = \"" + secret + "\"\n}\n", "m/m.hcl": module,
		}, "module.m.t is sensitive, and its value is written in a module or in a module block."},
		"in a module": {map[string]string{
			"main.hcl": "module \"m\" { source = \"./m/m.hcl\" }\n", "m/m.hcl": strings.Replace(module, "true\n}", "true\ndefault = \""+secret+"\"\n}", 1),
		}, "module.m.t is sensitive, and its value is written in a module or in a module block."},
		"in a local": {map[string]string{
			"main.hcl": "locals { l = \"" + secret + "\" }\nmodule \"m\" {\n  source = \"./m/m.hcl\"\n  t = local.l\n}\n", "m/m.hcl": module,
		}, "main.hcl also has the value of a sensitive variable in another place."},
		"in a value": {map[string]string{
			"main.hcl": "variable \"n\" {\n  type = string\n  default = \"" + secret + "\"\n}\nvariable \"t\" {\n  type = string\n  sensitive = true\n}\ndownload \"x\" { source = \"${var.t}${var.n}\" }\n",
		}, "main.hcl also has the value of a sensitive variable in another place."},
	} {
		t.Run(name, func(t *testing.T) {
			writeAll(t, c.files)
			o := plan.Options{Runtime: "test"}
			if name == "in a value" {
				o.Given = []plan.Given{{Var: "t=" + secret}}
			}
			p, diags := plan.Load([]string{"main.hcl"}, fakeKinds(1, 1), o)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			s := p.Sources()
			if !slices.Equal(s.Withheld, []string{c.want}) {
				t.Errorf("withheld %q, want %q", s.Withheld, c.want)
			}
			for file := range maps.Keys(s.Files) {
				if strings.Contains(string(s.Files[file]), secret) {
					t.Errorf("%s has the secret: %s", file, s.Files[file])
				}
			}
			o.Given = nil
			if len(s.Sensitive) > 0 {
				o.Given = []plan.Given{{Var: "t=" + secret}}
			}
			_, diags = again(t, s, o)
			if len(diags) != 1 || diags[0].Detail != "This cannot be planned again, since sensitive values are never stored. "+c.want {
				t.Errorf("planned again with %v", diags)
			}
		})
	}
}
