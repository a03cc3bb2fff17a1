package plan_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

const jigsawPipeline = `download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
  crop {}
  flip {}
}
pretrain "jig" {
  views = augment.views
  rates = [0.1, 1e-3]
  pretext "jigsaw" {}
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.jig
}
`

const lastUnit = "finetune.ssl[labels=10,seed=1]"

// fingerprintOf plans a file and returns the fingerprint of one of its units.
func fingerprintOf(t *testing.T, src, address string) string {
	t.Helper()
	return unit(t, mustParse(t, src), address).Fingerprint
}

// The documents that are hashed, and so every stored result, must stay the same.
func TestRecipes(t *testing.T) {
	p := mustParse(t, jigsawPipeline)
	download := unit(t, p, "download.images")
	if got, want := string(download.Recipe), `{"kind":"download","version":1,"config":{"classes":[],"path":"","size":28,"source":"x"},"runtime":"test"}`; got != want {
		t.Errorf("recipe is %s, not %s", got, want)
	}
	if got, want := download.Fingerprint, "ce0c211c4126766c9f993de61cdf43ebb1b3dda454abb2a13ca7bfb743c1a319"; got != want {
		t.Errorf("fingerprint is %s, not %s", got, want)
	}
	pretrain := unit(t, p, "pretrain.jig[seed=1]")
	want := `{"kind":"pretrain","version":1,"config":{` +
		`"backbone":[{"config":{"alpha":1,"strides":[]},"name":"mobilenet_v2","version":1}],` +
		`"epochs":12,"optimizer":[],` +
		`"pretext":[{"config":{"grid":3,"permutations":100},"name":"jigsaw","version":1}],` +
		`"rates":[0.1,0.001],"threads":1},"coord":{"seed":1},` +
		`"inputs":{"views":[{"unit":"` + unit(t, p, "augment.views").Fingerprint + `","output":"views"}]},"runtime":"test"}`
	if got := string(pretrain.Recipe); got != want {
		t.Errorf("recipe is\n%s, not\n%s", got, want)
	}
	if got, want := pretrain.Fingerprint, "dac41816ca706bcaff9033cb68d80d3b103c2936f11d8d7d4abef3d4afc54612"; got != want {
		t.Errorf("fingerprint is %s, not %s", got, want)
	}
}

func TestFingerprintIgnoresWhatDoesNotMatter(t *testing.T) {
	want := fingerprintOf(t, jigsawPipeline, lastUnit)
	for name, src := range map[string]string{
		"comments and spelled-out defaults": `# A comment.
download "images" {
  size    = 28 // the default
  source  = "x"
  classes = {}
  comment = "for people"
}
augment "views" {
  data = download.images.unlabelled
  crop { padding = 4 }
  flip { horizontal = true }
}
pretrain "jig" {
  pretext "jigsaw" {
    permutations = 100
    grid         = 3
  }
  backbone "mobilenet_v2" { alpha = 1.0 }
  rates   = [1e-1, 0.001]
  epochs  = 6 * 2
  threads = 1
  seeds   = 6
  views   = augment.views
}
finetune "ssl" {
  init             = pretrain.jig.encoder
  data             = download.images.train
  mode             = "full"
  labels_per_class = [50, 10, 100]
}
`,
		"seeds": "pipeline {\n  seeds = 9\n}\n" + replace(t, jigsawPipeline, `rates =`, "seeds = 6\n  rates ="),
	} {
		if got := fingerprintOf(t, src, lastUnit); got != want {
			t.Errorf("%s change the fingerprint", name)
		}
	}
}

func TestFingerprintIgnoresNamesAndPaths(t *testing.T) {
	renamed := `finetune "other" {
  data = download.d.train
  init = pretrain.p
}
pretrain "p" {
  views = augment.a
  rates = [0.1, 1e-3]
  pretext "jigsaw" {}
}
augment "a" {
  data = download.d.unlabelled
  crop {}
  flip {}
}
download "d" {
  source = "x"
}
`
	want := fingerprintOf(t, jigsawPipeline, lastUnit)
	if got := fingerprintOf(t, renamed, "finetune.other[labels=10,seed=1]"); got != want {
		t.Error("names of stages change the fingerprint")
	}
	p, diags := plan.Parse([]byte(jigsawPipeline), "elsewhere/y.hcl", fakeKinds(1, 1), plan.Options{Runtime: "test"})
	if diags != nil || unit(t, p, lastUnit).Fingerprint != want {
		t.Errorf("the path of the file changes the fingerprint: %v", diags)
	}
}

func TestFingerprintSeesEverythingElse(t *testing.T) {
	base := fingerprintOf(t, jigsawPipeline, lastUnit)
	seen := map[string]string{base: "the base"}
	check := func(name, got string) {
		t.Helper()
		if other, ok := seen[got]; ok {
			t.Errorf("%s has the fingerprint of %s", name, other)
		}
		seen[got] = name
	}
	for _, edit := range [][2]string{
		{`source = "x"`, `source = "y"`},
		{`source = "x"`, "source = \"x\"\n  size = 32"},
		{`source = "x"`, "source = \"x\"\n  classes = { a = \"b\" }"},
		{`source = "x"`, "source = \"x\"\n  classes = { b = \"a\" }"},
		{`crop {}`, `crop { padding = 3 }`},
		{`crop {}`, ``},
		{"crop {}\n  flip {}", "flip {}\n  crop {}"},
		{`flip {}`, `flip { horizontal = false }`},
		{`0.1, 1e-3`, `1e-3, 0.1`},
		{`0.1, 1e-3`, `0.1`},
		{`rates =`, "epochs = 13\n  rates ="},
		{`rates =`, "threads = 2\n  rates ="},
		{`pretext "jigsaw" {}`, `pretext "jigsaw" { grid = 4 }`},
		{`pretext "jigsaw" {}`, `pretext "rotation" {}`},
		{`pretext "jigsaw" {}`, "pretext \"jigsaw\" {}\n  backbone \"mobilenet_v2\" { alpha = 0.5 }"},
		{`pretext "jigsaw" {}`, "pretext \"jigsaw\" {}\n  early_stopping { patience = 3 }"},
		{`pretext "jigsaw" {}`, "pretext \"jigsaw\" {}\n  optimizer \"sgd\" { learning_rate = 1 }"},
		{`data = download.images.train`, "data = download.images.train\n  mode = \"linear\""},
		{`data = download.images.train`, `data = download.images.unlabelled`},
		{`init = pretrain.jig`, ``},
	} {
		check(edit[0]+" -> "+edit[1], fingerprintOf(t, replace(t, jigsawPipeline, edit[0], edit[1]), lastUnit))
	}
	p := mustParse(t, replace(t, jigsawPipeline, "init = pretrain.jig", "init = pretrain.jig\n  labels_per_class = [10, 20]"))
	check("another seed", unit(t, p, "finetune.ssl[labels=10,seed=2]").Fingerprint)
	check("another budget", unit(t, p, "finetune.ssl[labels=20,seed=1]").Fingerprint)
	for name, kinds := range map[string][]plan.Kind{"kind's version": fakeKinds(2, 1), "variant's version": fakeKinds(1, 2)} {
		p, _ := plan.Parse([]byte(jigsawPipeline), "x.hcl", kinds, plan.Options{Runtime: "test"})
		check(name, unit(t, p, lastUnit).Fingerprint)
	}
	p, _ = plan.Parse([]byte(jigsawPipeline), "x.hcl", fakeKinds(1, 1), plan.Options{Runtime: "other"})
	check("runtime", unit(t, p, lastUnit).Fingerprint)
}

// Inputs are in the fingerprint by the name of their field: two data sets that
// trade places are another experiment.
func TestFingerprintSeesSwappedInputs(t *testing.T) {
	two := head + `finetune "a" {
  data = download.images.train
}
finetune "b" {
  data = download.images.train
  mode = "linear"
}
evaluate "report" {
  data     = download.images.test
  baseline = finetune.a
  compare  = [finetune.b]
}
`
	swapped := replace(t, replace(t, two, "= finetune.a", "= finetune.b"), "[finetune.b]", "[finetune.a]")
	if fingerprintOf(t, two, "evaluate.report") == fingerprintOf(t, swapped, "evaluate.report") {
		t.Error("swapped inputs have the same fingerprint")
	}
}

func TestFingerprintHoldsContentOfFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"a.zip": "one", "sub/b.zip": "one", "c.zip": "two", "folder/x": "one", "same/x": "one", "renamed/y": "one",
	} {
		write(t, filepath.Join(dir, name), content)
	}
	of := func(path string) string {
		t.Helper()
		src := "download \"d\" {\n  path = \"" + path + "\"\n}\n"
		p, diags := plan.Parse([]byte(src), filepath.Join(dir, "x.hcl"), fakeKinds(1, 1), plan.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if got, want := p.Units[0].Config.(*downloadConfig).Path, filepath.Join(dir, path); got != want {
			t.Errorf("path is %s, not %s", got, want)
		}
		return p.Units[0].Fingerprint
	}
	if of("a.zip") != of("sub/b.zip") || of("folder") != of("same") {
		t.Error("the path is in the fingerprint")
	}
	if of("a.zip") == of("c.zip") || of("folder") == of("renamed") || of("folder") == of("a.zip") {
		t.Error("the content is not in the fingerprint")
	}
}

// A path in the file is relative to the file; one from the command line is
// relative to the working directory.
func TestPathsFromTheCommandLine(t *testing.T) {
	work := t.TempDir()
	t.Chdir(work)
	for _, path := range []string{"x.zip", "pipelines/x.zip", "pipelines/y.zip"} {
		write(t, path, path)
	}
	const src = `variable "file" {
  type    = string
  default = "x.zip"
}
variable "folder" {
  type    = string
  default = "."
}
download "a" {
  path = var.file
}
download "b" {
  path = "${var.folder}/x.zip"
}
download "c" {
  path = var.file == "x.zip" ? "y.zip" : "none"
}
`
	for _, test := range []struct {
		vars    map[string]string
		a, b, c string
	}{
		{nil, "pipelines/x.zip", "pipelines/x.zip", "pipelines/y.zip"},
		{map[string]string{"file": "x.zip"}, "x.zip", "pipelines/x.zip", "pipelines/y.zip"},
		{map[string]string{"folder": "."}, "pipelines/x.zip", "x.zip", "pipelines/y.zip"},
	} {
		p, diags := plan.Parse([]byte(src), "pipelines/p.hcl", fakeKinds(1, 1), plan.Options{Given: given(test.vars)})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for address, want := range map[string]string{"download.a": test.a, "download.b": test.b, "download.c": test.c} {
			if got := unit(t, p, address).Config.(*downloadConfig).Path; got != filepath.Join(work, want) {
				t.Errorf("with %v the path of %s is %s, not %s", test.vars, address, got, want)
			}
		}
	}
}

func replace(t *testing.T, src, from, to string) string {
	t.Helper()
	out := strings.Replace(src, from, to, 1)
	if out == src {
		t.Fatalf("%q is not in the pipeline", from)
	}
	return out
}

// To evaluate, a stage is an arm: the same units in other stages are something else.
func TestArmsArePartOfTheFingerprint(t *testing.T) {
	both := mustParse(t, head+`finetune "a" {
  data             = download.images.train
  labels_per_class = [10, 50]
}
evaluate "e" {
  data    = download.images.test
  compare = [finetune.a]
}
`)
	apart := mustParse(t, head+`finetune "a" {
  data             = download.images.train
  labels_per_class = [10]
}
finetune "b" {
  data             = download.images.train
  labels_per_class = [50]
}
evaluate "e" {
  data    = download.images.test
  compare = [finetune.a, finetune.b]
}
`)
	prints := func(p *plan.Plan, kind string) (all []string) {
		for _, u := range p.Units {
			if u.Stage.Kind.Name == kind {
				all = append(all, u.Fingerprint)
			}
		}
		return all
	}
	if !slices.Equal(prints(both, "finetune"), prints(apart, "finetune")) {
		t.Error("the units differ")
	}
	if slices.Equal(prints(both, "evaluate"), prints(apart, "evaluate")) {
		t.Error("one arm and two arms have the same fingerprint")
	}
}

// Where results are shared changes none of them, and the plan says it.
func TestStoreIsNoPartOfTheExperiment(t *testing.T) {
	store := "variable \"place\" {\n  type = string\n  default = \"lab\"\n}\nstore {\n  url = \"s3://results/${var.place}\"\n  region = \"eu-central-1\"\n}\n"
	if with, without := fingerprintOf(t, store+jigsawPipeline, lastUnit), fingerprintOf(t, jigsawPipeline, lastUnit); with != without {
		t.Errorf("fingerprint is %s, not %s", with, without)
	}
	if l := mustParse(t, store+jigsawPipeline).Pipeline.Store; l == nil || l.URL != "s3://results/lab" || l.Region != "eu-central-1" {
		t.Errorf("store is %+v", l)
	}
}

// How workers share the work changes no result: where each runs whole units, their number
// is no part of a fingerprint either, nor of what plans the run again.
func TestClusterIsNoPartOfTheExperiment(t *testing.T) {
	alone := fingerprintOf(t, jigsawPipeline, lastUnit)
	units := "variable \"how\" {\n  type = string\n  default = \"units\"\n}\ncluster {\n  parallel = var.how\n  lease = 5\n}\n" + jigsawPipeline
	p := mustParse(t, units)
	if got := p.Pipeline.Cluster; !got.SideBySide() || got.Lease != 5*time.Second {
		t.Errorf("cluster is %+v", got)
	}
	if got := mustParse(t, jigsawPipeline).Pipeline.Cluster; got.SideBySide() || got.Lease != 30*time.Second {
		t.Errorf("without the block it is %+v", got)
	}
	if got := fingerprintOf(t, units, lastUnit); got != alone {
		t.Errorf("fingerprint is %s, not %s", got, alone)
	}
	kinds := fakeKinds(1, 1)
	for i := range kinds {
		kinds[i].Parallel = func(any, int) (bool, []schema.Problem) { return true, nil }
	}
	onThree := func(src string) *plan.Plan {
		p, diags := plan.Parse([]byte(src), "x.hcl", kinds, plan.Options{Runtime: "test", Workers: 3})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		return p
	}
	if p := onThree(units); unit(t, p, lastUnit).Fingerprint != alone || p.Sources().Workers != 0 {
		t.Errorf("on 3 workers: %+v, by %d", unit(t, p, lastUnit), p.Sources().Workers)
	}
	if p := onThree(jigsawPipeline); unit(t, p, lastUnit).Fingerprint == alone || p.Sources().Workers != 3 {
		t.Errorf("3 workers that train together: %+v, by %d", unit(t, p, lastUnit), p.Sources().Workers)
	}
}
