package plan_test

import (
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

const trial = `pipeline {
  seeds = 1
}
download "images" {
  source = "x"
}
augment "views" {
  data = download.images.unlabelled
  crop {}
  flip {}
}
pretrain "a" {
  views = augment.views
  rates = [0.1, 1e-3]
  pretext "rotation" {}
  optimizer "sgd" { learning_rate = 1e-2 }
}
pretrain "b" {
  views  = augment.views
  pretext "jigsaw" {}
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.a
}
evaluate "report" {
  data    = download.images.test
  compare = [finetune.ssl]
}
`

// version says what of the program differs in a version of it.
type version struct {
	kind, variant int
	runtime       string
}

func planned(t *testing.T, src string, v version) *plan.Plan {
	t.Helper()
	p, diags := plan.Parse([]byte(src), "x.hcl", fakeKinds(v.kind, v.variant), plan.Options{Runtime: v.runtime})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p
}

// Each case runs trial, changes it, and tells why a unit is not what it was.
func TestReasons(t *testing.T) {
	const a, b, ssl = "pretrain.a[seed=0]", "pretrain.b[seed=0]", "finetune.ssl[labels=10,seed=0]"
	for name, c := range map[string]struct {
		old, new string // what is replaced in the file by what
		version  version
		unit     string
		want     string
	}{
		"nested attribute":    {"1e-2", "5e-3", version{}, a, "run: optimizer.learning_rate 0.01 -> 0.005"},
		"downstream":          {"1e-2", "5e-3", version{}, ssl, "maybe: follows pretrain.a[seed=0] (its optimizer.learning_rate 0.01 -> 0.005)"},
		"far downstream":      {"1e-2", "5e-3", version{}, "evaluate.report", "maybe: follows pretrain.a[seed=0] (its optimizer.learning_rate 0.01 -> 0.005)"},
		"number as written":   {"1e-2", "1e-7", version{}, a, "run: optimizer.learning_rate 0.01 -> 1e-7"},
		"default spelled out": {"views\n  rates", "views\n  epochs = 12\n  rates", version{}, a, ""},
		"default changed":     {"views\n  rates", "views\n  epochs = 5\n  rates", version{}, a, "run: epochs 12 -> 5"},
		"list":                {"[0.1, 1e-3]", "[0.1]", version{}, a, "run: rates [0.1, 0.001] -> [0.1]"},
		"long list":           {"[0.1, 1e-3]", "range(0, 40)", version{}, a, "run: rates [0.1, 0.001] -> [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, …"},
		"string":              {`init = pretrain.a`, "init = pretrain.a\n  mode = \"linear\"", version{}, ssl, `run: mode "full" -> "linear"`},
		"string with quotes":  {`source = "x"`, `source = "a \"b\" $${c}"`, version{}, "download.images", `run: source "x" -> "a \"b\" $${c}"`},
		"map":                 {`source = "x"`, "source = \"x\"\n  classes = { cat = \"Cat\" }", version{}, "download.images", `run: classes.cat unset -> "Cat"`},
		"several":             {"rates = [0.1, 1e-3]", "rates = [0.1]\n  epochs = 3", version{}, a, "run: epochs 12 -> 3; rates [0.1, 0.001] -> [0.1]"},

		"variant":          {`pretext "rotation" {}`, `pretext "jigsaw" {}`, version{}, a, "run: pretext rotation -> jigsaw"},
		"variant follows":  {`pretext "rotation" {}`, `pretext "jigsaw" {}`, version{}, ssl, "maybe: follows pretrain.a[seed=0] (its pretext rotation -> jigsaw)"},
		"variant added":    {`"jigsaw" {}`, "\"jigsaw\" {}\n  optimizer \"sgd\" { learning_rate = 1 }", version{}, b, "run: optimizer sgd added"},
		"variant removed":  {"  optimizer \"sgd\" { learning_rate = 1e-2 }\n", "", version{}, a, "run: optimizer sgd removed"},
		"variant's config": {`pretext "jigsaw" {}`, `pretext "jigsaw" { grid = 2 }`, version{}, b, "run: pretext.grid 3 -> 2"},
		"block added":      {`"jigsaw" {}`, "\"jigsaw\" {}\n  early_stopping { patience = 3 }", version{}, b, "run: early_stopping added"},
		"transform":        {"crop {}", "crop { padding = 2 }", version{}, "augment.views", "run: transform[0].padding 4 -> 2"},
		"transform added":  {"crop {}", "flip { horizontal = false }\n  crop {}", version{}, "augment.views", "run: transform[0] flip added"},
		"transform gone":   {"  crop {}\n", "", version{}, "augment.views", "run: transform[0] crop removed"},
		"transforms swap":  {"  crop {}\n  flip {}", "  flip {}\n  crop {}", version{}, "augment.views", "run: transform[0] crop -> flip; transform[1] flip -> crop"},

		"input":              {"init = pretrain.a", "init = pretrain.b", version{}, ssl, "run: init pretrain.a.encoder -> pretrain.b.encoder"},
		"input removed":      {"\n  init = pretrain.a", "", version{}, ssl, "run: init pretrain.a.encoder removed"},
		"another output":     {"data = download.images.train", "data = download.images.unlabelled", version{}, ssl, "run: data download.images.train -> download.images.unlabelled"},
		"input of many":      {"[finetune.ssl]", "[pretrain.b, finetune.ssl]", version{}, "evaluate.report", "run: compare pretrain.b.encoder added"},
		"more units of it":   {"init = pretrain.a", "init = pretrain.a\n  labels_per_class = [10, 50]", version{}, "evaluate.report", "run: compare 1 -> 2 units"},
		"other units of it":  {"init = pretrain.a", "init = pretrain.a\n  labels_per_class = [50]", version{}, "evaluate.report", "run: compare reads other units than before"},
		"a unit that is new": {"init = pretrain.a", "init = pretrain.a\n  labels_per_class = [50]", version{}, "finetune.ssl[labels=50,seed=0]", "run: new: not in the last run"},
		"two attributes":     {"1e-2 }\n}", "5e-3 }\n  seeds = 1\n  threads = 2\n}", version{}, a, "run: optimizer.learning_rate 0.01 -> 0.005; threads 1 -> 2"},

		"code":                    {"", "", version{kind: 3}, a, "run: pretrain's code changed (version 2 -> 3)"},
		"code follows":            {"", "", version{kind: 3}, ssl, "maybe: follows pretrain.a[seed=0] (its code, version 2 -> 3)"},
		"code of a variant":       {"", "", version{variant: 8}, b, "run: the code of pretext jigsaw changed (version 7 -> 8)"},
		"runtime":                 {"", "", version{runtime: "cpu/avx2"}, "download.images", "run: the runtime changed cpu/avx512 -> cpu/avx2"},
		"runtime is not followed": {"", "", version{runtime: "cpu/avx2"}, ssl, "run: the runtime changed cpu/avx512 -> cpu/avx2"},
	} {
		t.Run(name, func(t *testing.T) {
			base := version{kind: 2, variant: 7, runtime: "cpu/avx512"}
			changed := base
			if c.version.kind != 0 {
				changed.kind = c.version.kind
			}
			if c.version.variant != 0 {
				changed.variant = c.version.variant
			}
			if c.version.runtime != "" {
				changed.runtime = c.version.runtime
			}
			w := newWorld(t)
			w.run(planned(t, trial, base))
			src := strings.Replace(trial, c.old, c.new, 1)
			if c.old != "" && src == trial {
				t.Fatalf("there is no %q in the file", c.old)
			}
			got := ""
			for _, line := range w.statuses(planned(t, src, changed), plan.Selection{}) {
				if rest, ok := strings.CutPrefix(line, c.unit+": "); ok {
					got = rest
				}
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
