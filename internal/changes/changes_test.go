package changes_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/changes"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

const experiment = `pipeline {
  seeds = 2
}
download "images" {
}
augment "views" {
  data = download.images.unlabelled
  crop {}
  flip {}
}
pretrain "rot" {
  views = augment.views
  rates = [0.1, 0.01]
  pretext "rotation" {}
}
finetune "scratch" {
  data = download.images.train
}
finetune "ssl" {
  data = download.images.train
  init = pretrain.rot
}
evaluate "report" {
  compare = [finetune.scratch, finetune.ssl]
}
`

func parse(t *testing.T, src, path string) *plan.Plan {
	t.Helper()
	p, diags := plan.Parse([]byte(src), path, kinds(), plan.Options{Runtime: "test"})
	if len(diags) > 0 {
		t.Fatalf("%v\n%s", diags, src)
	}
	return p
}

func compare(t *testing.T, before, after string) *changes.Diff {
	t.Helper()
	dir := t.TempDir()
	d, err := changes.Compare(parse(t, before, filepath.Join(dir, "a.hcl")), parse(t, after, filepath.Join(dir, "b.hcl")), plan.Digest)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// text writes a difference down, a line for each change.
func text(d *changes.Diff) string {
	var lines []string
	add := func(stage string, all []changes.Change) {
		for _, c := range all {
			lines = append(lines, fmt.Sprintf("%s %s %s%s: %v -> %v", stage, c.Form, c.Path, c.Of, schema.Literal(c.Before), schema.Literal(c.After)))
		}
	}
	add("pipeline", d.Pipeline)
	for _, s := range d.Stages {
		lines = append(lines, strings.Join(strings.Fields(fmt.Sprintf("%s %s %s", s.Kind, s.Before, s.After)), " "))
		add(" ", s.Changes)
	}
	return strings.Join(lines, "\n")
}

func edit(t *testing.T, edits ...string) string {
	t.Helper()
	src := experiment
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(src, edits[i]) {
			t.Fatalf("there is no %q to replace", edits[i])
		}
		src = strings.ReplaceAll(src, edits[i], edits[i+1])
	}
	return src
}

func TestEqual(t *testing.T) {
	for name, src := range map[string]string{
		"the same": experiment,
		"comments, order, defaults and calculations": `# A comment.
evaluate "report" {
  compare = [finetune.scratch.classifier, finetune.ssl]
}
finetune "ssl" {
  init  = pretrain.rot
  data  = download.images.train
  steps = var.steps
}
variable "steps" {
  type    = number
  default = 100
}
finetune "scratch" { data = download.images.train }
pretrain "rot" {
  pretext "rotation" {
    angles = 4
  }
  epochs = 6 * 2
  rates  = [1e-1, 1e-2]
  views  = augment.views
}
augment "views" {
  crop { padding = 4 }
  flip {}
  data = download.images.unlabelled
}
download "images" {
  size    = 28
  classes = {}
}
pipeline {
  seeds       = 2
  description = "For people."
}
`,
	} {
		d := compare(t, experiment, src)
		if got := text(d); got != "" || !d.Equal() || d.Rerun != 0 || d.Units != 9 {
			t.Errorf("%s: equal is %v, %d of %d units run again:\n%s", name, d.Equal(), d.Rerun, d.Units, got)
		}
	}
}

func TestChanges(t *testing.T) {
	for _, test := range []struct {
		edits []string
		want  string
		rerun int
	}{
		{[]string{"seeds = 2", "seeds = 3"}, "pipeline attribute seeds: 2 -> 3", 4},
		{[]string{`"images" {`, "\"images\" {\n  size = 32"}, "changed download.images download.images\n  attribute size: 28 -> 32", 9},
		{[]string{`"images" {`, "\"images\" {\n  classes = { a = \"b\" }"}, "changed download.images download.images\n  attribute classes: {} -> { a = \"b\" }", 9},
		{[]string{"rates = [0.1, 0.01]", "seeds = 1"}, "changed pretrain.rot pretrain.rot\n" +
			"  attribute rates: [0.1, 0.01] -> []\n  attribute seeds: 0 -> 1", 4},
		{[]string{`"rotation" {}`, `"jigsaw" {}`}, "changed pretrain.rot pretrain.rot\n  variant pretext: \"rotation\" -> \"jigsaw\"", 5},
		{[]string{`"rotation" {}`, `"jigsaw" { grid = 2 }`}, "changed pretrain.rot pretrain.rot\n" +
			"  variant pretext: \"rotation\" -> \"jigsaw\"\n  attribute pretext.grid:  -> 2", 5},
		{[]string{`"rotation" {}`, "\"jigsaw\" { weight = 2 }"}, "changed pretrain.rot pretrain.rot\n" +
			"  variant pretext: \"rotation\" -> \"jigsaw\"\n  attribute pretext.weight: 1 -> 2", 5},
		{[]string{`"rotation" {}`, `"rotation" { angles = 2 }`}, "changed pretrain.rot pretrain.rot\n  attribute pretext.angles: 4 -> 2", 5},
		{[]string{`"rotation" {}`, "\"rotation\" {}\n  pretext \"jigsaw\" { weight = 2 }"}, "changed pretrain.rot pretrain.rot\n" +
			"  variant pretext[1]:  -> \"jigsaw\"\n  attribute pretext[1].weight:  -> 2", 5},
		{[]string{`"rotation" {}`, "\"rotation\" {}\n  early_stopping { patience = 3 }"}, "changed pretrain.rot pretrain.rot\n" +
			"  block early_stopping:  -> { patience = 3 }", 5},
		{[]string{`"rotation" {}`, "\"rotation\" {}\n  optimizer \"sgd\" {}"}, "changed pretrain.rot pretrain.rot\n  variant optimizer:  -> \"sgd\"", 5},
		{[]string{"crop {}", "grey {}\n  crop { padding = 2 }"}, "changed augment.views augment.views\n" +
			"  variant transform[0]:  -> \"grey\"\n  attribute transform[1].paddingcrop: 4 -> 2", 6},
		{[]string{"crop {}\n", ""}, "changed augment.views augment.views\n  variant transform[0]: \"crop\" -> ", 6},
		{[]string{"crop {}\n  flip {}", "flip {}\n  crop {}"}, "changed augment.views augment.views\n" +
			"  variant transform[0]: \"crop\" -> \"flip\"\n" +
			"  variant transform[1]: \"flip\" -> \"crop\"", 6},
		{[]string{"  init = pretrain.rot\n", ""}, "changed finetune.ssl finetune.ssl\n  reference init: \"pretrain.rot.encoder\" -> ", 1},
		{[]string{"[finetune.scratch, finetune.ssl]", "[finetune.ssl]", "finetune \"scratch\" {\n  data = download.images.train\n}\n", ""},
			"changed evaluate.report evaluate.report\n" +
				"  reference compare: [\"finetune.scratch.classifier\", \"finetune.ssl.classifier\"] -> [\"finetune.ssl.classifier\"]\n" +
				"removed finetune.scratch", 1},
	} {
		d := compare(t, experiment, edit(t, test.edits...))
		if diff := cmp.Diff(test.want, text(d)); diff != "" {
			t.Errorf("%q: %s", test.edits, diff)
		}
		if d.Rerun != test.rerun || d.Equal() {
			t.Errorf("%q: %d of %d units run again, want %d; equal is %v", test.edits, d.Rerun, d.Units, test.rerun, d.Equal())
		}
	}
}

// A stage is found under another name if it is the same, or nearly so.
func TestRenamed(t *testing.T) {
	for _, test := range []struct {
		edits []string
		want  string
	}{
		{[]string{`"rot"`, `"turns"`, "pretrain.rot", "pretrain.turns", `"views"`, `"crops"`, "augment.views", "augment.crops"},
			"renamed augment.views augment.crops\nrenamed pretrain.rot pretrain.turns"},
		{[]string{`"rot"`, `"jig"`, "pretrain.rot", "pretrain.jig", `"rotation" {}`, `"jigsaw" {}`},
			"changed pretrain.rot pretrain.jig\n  variant pretext: \"rotation\" -> \"jigsaw\""},
		// Each of two goes to the one that it is nearest to, whatever their order.
		{[]string{`"scratch"`, `"b"`, `"ssl"`, `"a"`, "finetune.scratch", "finetune.b", "finetune.ssl", "finetune.a"},
			"renamed finetune.scratch finetune.b\nrenamed finetune.ssl finetune.a"},
		// What has little in common is another stage.
		{[]string{`"rot"`, `"jig"`, "pretrain.rot", "pretrain.jig", `"rotation" {}`, "\"jigsaw\" {}\n  epochs = 1\n  seeds = 1", "rates = [0.1, 0.01]", "early_stopping { patience = 3 }"},
			"added pretrain.jig\nchanged finetune.ssl finetune.ssl\n  reference init: \"pretrain.rot.encoder\" -> \"pretrain.jig.encoder\"\nremoved pretrain.rot"},
	} {
		d := compare(t, experiment, edit(t, test.edits...))
		if diff := cmp.Diff(test.want, text(d)); diff != "" {
			t.Errorf("%q: %s", test.edits, diff)
		}
	}
}

// Files are the same if their content is, wherever they are.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{"a": "1", "copy": "1", "b": "2"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	with := func(name string) string {
		return edit(t, `"images" {`, fmt.Sprintf("\"images\" {\n  path = %q", filepath.Join(dir, name)))
	}
	if got := text(compare(t, with("a"), with("copy"))); got != "" {
		t.Errorf("a copy is another file: %s", got)
	}
	want := fmt.Sprintf("changed download.images download.images\n  attribute path: %q -> %q", filepath.Join(dir, "a"), filepath.Join(dir, "b"))
	if got := text(compare(t, with("a"), with("b"))); got != want {
		t.Errorf("another file: %s, want %s", got, want)
	}
}

func TestBeside(t *testing.T) {
	d := compare(t, experiment, edit(t,
		"seeds = 2", "seeds = 3",
		`"rot"`, `"jig"`, "pretrain.rot", "pretrain.jig", `"rotation" {}`, "\"jigsaw\" { weight = 2 }\n  epochs = 3",
		`"scratch"`, `"new"`, "finetune.scratch", "finetune.new",
		"flip {}", "flip {}\n  grey {}"))
	for _, test := range []struct {
		fields []string
		want   string
	}{
		{[]string{"pretext"}, "pipeline attribute seeds: 2 -> 3\nchanged augment.views augment.views\n  variant transform[2]:  -> \"grey\"\n" +
			"changed pretrain.rot pretrain.jig\n  attribute epochs: 12 -> 3"},
		{[]string{"pretext", "epochs", "seeds"}, "changed augment.views augment.views\n  variant transform[2]:  -> \"grey\""},
		{[]string{"transform", "pretext", "epochs", "seeds"}, ""},
		{[]string{"pretext.weight", "transform", "seeds"}, "changed pretrain.rot pretrain.jig\n  attribute epochs: 12 -> 3\n  variant pretext: \"rotation\" -> \"jigsaw\""},
		{[]string{"trans", "pre", "epoch", "seed"}, text(d.Beside(nil))},
	} {
		rest := d.Beside(test.fields)
		if diff := cmp.Diff(test.want, text(rest)); diff != "" {
			t.Errorf("%v: %s", test.fields, diff)
		}
		if rest.Equal() != (test.want == "") {
			t.Errorf("%v: equal is %v", test.fields, rest.Equal())
		}
	}
	removed := compare(t, experiment, edit(t, "[finetune.scratch, finetune.ssl]", "[finetune.ssl]", "finetune \"scratch\" {\n  data = download.images.train\n}\n", ""))
	if got := text(removed.Beside([]string{"compare"})); got != "removed finetune.scratch" {
		t.Errorf("a stage that is gone: %s", got)
	}
}
