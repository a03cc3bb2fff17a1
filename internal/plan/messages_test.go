package plan_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

const head = `download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
}
`

func parse(t *testing.T, src string, vars map[string]string) (*plan.Plan, hcl.Diagnostics) {
	t.Helper()
	return plan.Parse([]byte(src), "x.hcl", fakeKinds(1, 1), plan.Options{Given: given(vars), Runtime: "test"})
}

// Messages name what is legal and the nearest name.
func TestMessages(t *testing.T) {
	for _, test := range []struct{ src, want string }{
		{
			head + `pretrain "rot" {
  views = augment.views
  pretext "rotatoin" {}
}`,
			`x.hcl:9,11-21: Unknown pretext; There is no pretext "rotatoin". The pretexts are: jigsaw, rotation. Did you mean "rotation"?`,
		},
		{
			head + `finetune "a" {
  data = download.images.trian
}`,
			`x.hcl:8,10-31: Unknown output; download.images has no output "trian". The outputs are: unlabelled, train, test. Did you mean "train"?`,
		},
		{
			head + `finetune "a" {
  data = download.imags.train
}`,
			`x.hcl:8,10-30: Unknown stage; There is no stage download "imags". The download stages are: images. Did you mean "images"?`,
		},
		{
			head + `pretrain "rot" {
  views  = augment.views
  epochs = "12"
  pretext "rotation" {}
}`,
			`x.hcl:9,12-16: Wrong type; epochs must be a whole number, and this is a string. Write 12 without quotes.`,
		},
		{
			head + `finetune "a" {
  data = download.images.train
  init = augment.views
}
pretrain "p" {
  views = augment.views
  pretext "rotation" {}
}`,
			`x.hcl:9,10-23: Wrong type of artifact; init must refer to an encoder, and augment.views.views is views. The ones in this file are: pretrain.p.encoder.`,
		},
		{
			head + `finetune "a" {
  data = "download.images.train"
}`,
			`x.hcl:8,10-33: Wrong type; data must refer to a dataset, and this is a string. Write download.images.train without quotes. The ones in this file are: download.images.unlabelled, download.images.train, download.images.test.`,
		},
		{
			head + `evaluate "a" {
  data = download.images.test
  compare = [evaluate.b]
}
evaluate "b" {
  data = download.images.test
  compare = [evaluate.a]
}`,
			"x.hcl:13,14-24: Dependency cycle; These stages need each other, so none can come first:\n" +
				"  evaluate.a needs evaluate.b (x.hcl:9)\n" +
				"  evaluate.b needs evaluate.a (x.hcl:13)",
		},
		{
			`pretrian "x" {
}`,
			`x.hcl:1,1-9: Unknown stage kind; There is no block "pretrian" in a pipeline file. Its blocks are: pipeline, store, cluster, variable, locals, module, output, download, augment, pretrain, finetune, evaluate. Did you mean "pretrain"?`,
		},
		{
			head + `pretrain "rot" {
  views = augment.views
}`,
			`x.hcl:7,1-15: Missing block; pretrain "rot" needs a pretext block: pretext "name" { ... }. The task. The pretexts are: jigsaw, rotation.`,
		},
		{
			`variable "size" {
  type = numbr
}`,
			`x.hcl:2,10-15: Invalid type specification; The keyword "numbr" is not a valid type specification. The types are: string, number, bool, list(T), set(T), map(T), tuple([T, ...]), object({ name = T, ... }), and in a module, alone or in a list: dataset, views, encoder, classifier, metrics. Did you mean "number"?`,
		},
	} {
		_, diags := parse(t, test.src, nil)
		var all []string
		for _, d := range diags {
			all = append(all, d.Error())
		}
		if got := strings.Join(all, "\n"); !strings.Contains(got, test.want) {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// What the invalid fixtures are told, word for word: to be read when it changes.
func TestMessagesOfFixtures(t *testing.T) {
	var b strings.Builder
	for _, f := range fixtures(t, "invalid") {
		name := strings.TrimPrefix(f.path, "testdata/invalid/")
		fmt.Fprintf(&b, "== %s\n", name)
		_, diags := load(f)
		for _, d := range diags {
			text := strings.ReplaceAll(d.Error(), f.path+":", "")
			fmt.Fprintf(&b, "%s %s\n", severity(d), strings.ReplaceAll(text, f.path, name))
		}
	}
	text := regexp.MustCompile(`There are \d+ functions`).ReplaceAllString(b.String(), "There are N functions")
	golden(t, "testdata/messages.txt", withoutFolder(t, text))
}

func TestFilesAreSourcesOfVariables(t *testing.T) {
	p, diags := parse(t, `variable "n" {
  type = number
}
pipeline {
  seeds = var.n
}`, map[string]string{"n": "x", "m": "1"})
	if got := string(p.Files["--var n"].Bytes); got != "n=x" {
		t.Errorf("source of n is %q", got)
	}
	if len(diags) != 2 || diags[0].Subject.Filename != "--var m" || diags[1].Subject.Filename != "--var n" {
		t.Errorf("diagnostics: %v", diags)
	}
}

func TestUnreadableFile(t *testing.T) {
	p, diags := plan.Load([]string{"testdata/none.hcl"}, fakeKinds(1, 1), plan.Options{})
	if len(diags) != 1 || diags[0].Summary != "Cannot read pipeline file" ||
		diags[0].Detail != "Reading testdata/none.hcl failed: no such file or directory." {
		t.Errorf("diagnostics: %v", diags)
	}
	if p == nil || p.Files == nil {
		t.Error("no plan to render the diagnostics with")
	}
}

func TestFolderWithoutPipeline(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/x.auto.hcl", "a = 1\n")
	write(t, dir+"/part/x.hcl", head)
	_, diags := plan.Load([]string{dir}, fakeKinds(1, 1), plan.Options{})
	if len(diags) != 1 || diags[0].Detail != "The folder "+dir+" has no file that ends in .hcl or .hcl.json." {
		t.Errorf("diagnostics: %v", diags)
	}
}

// An editor's text stands for a file that is not on disk, also for a module.
func TestModulesAreReadAsFilesAre(t *testing.T) {
	files := map[string]string{
		"x.hcl":      head + "module \"m\" {\n  source = \"./part.hcl\"\n  encoder = null\n  images = download.images.train\n}\n",
		"part.hcl":   "variable \"encoder\" {\n  type = encoder\n}\nvariable \"images\" {\n  type = dataset\n}\nfinetune \"f\" {\n  data = var.images\n  init = var.encoder\n}\n",
		"broken.hcl": "module \"m\" {\n  source = \"./none.hcl\"\n}\n",
	}
	read := func(path string) ([]byte, error) {
		if text, ok := files[path]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}
	p, diags := plan.Load([]string{"x.hcl"}, fakeKinds(1, 1), plan.Options{Read: read})
	if diags != nil || len(unit(t, p, "module.m.finetune.f[labels=10,seed=0]").Inputs["init"]) != 0 {
		t.Errorf("units %v, %v", addresses(p.Units), diags)
	}
	_, diags = plan.Load([]string{"broken.hcl"}, fakeKinds(1, 1), plan.Options{Read: read})
	if want := "broken.hcl:2,12-24: Cannot read pipeline file; Reading none.hcl failed: file does not exist."; len(diags) != 1 || diags[0].Error() != want {
		t.Errorf("got %v, want %s", diags, want)
	}
}

func TestUnusedIsAWarning(t *testing.T) {
	p, diags := parse(t, head+`variable "n" {
  type    = number
  default = 3
}`, nil)
	if len(diags) != 1 || diags[0].Severity != hcl.DiagWarning || diags[0].Detail != "Nothing refers to var.n." {
		t.Errorf("diagnostics: %v", diags)
	}
	if len(p.Units) != 2 {
		t.Errorf("%d units", len(p.Units))
	}
}
