package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

// toyKinds are kinds for a plan of one stage that runs in no time.
func toyKinds(l *lab) []plan.Kind {
	kind := l.add("toy.x", "x", nil).Stage.Kind
	kind.Name, kind.New = "toy", func() any { return &toyConfig{} }
	return []plan.Kind{kind}
}

type toyConfig struct {
	Text string `hcl:"text" doc:"Any."`
}

// A run's folder holds the files of its pipeline, each apart, so that the plan can be
// made again when they are gone.
func TestARunsFolderHoldsItsSources(t *testing.T) {
	l := newLab(t)
	kinds := toyKinds(l)
	dir := t.TempDir()
	files := map[string]string{
		"exp/main.hcl": "pipeline { seeds = 1 }\ntoy \"x\" { text = file(\"<>&.txt\") }\nmodule \"m\" { source = \"../m.hcl\" }\n",
		"exp/<>&.txt":  "text",
		"m.hcl":        "toy \"y\" { text = \"y\" }\n",
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	p, diags := plan.Load([]string{filepath.Join(dir, "exp/main.hcl")}, kinds, plan.Options{Sets: []string{`module.m.toy.y.text="<&>"`}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, u := range p.Units {
		u.Config = u.Address // what the fake work of a lab takes
	}
	l.plan = p
	r, _ := l.mustRun()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if got := read(t, r.RunDir, "source", name); got != text {
			t.Errorf("source/%s is %q", name, got)
		}
	}
	want := `{
  "root": "` + dir + `",
  "pipelines": [
    "exp/main.hcl"
  ],
  "sets": [
    "module.m.toy.y.text=\"<&>\""
  ]
}
`
	if diff := cmp.Diff(want, read(t, r.RunDir, "replay.json")); diff != "" {
		t.Errorf("replay.json (-want +got):\n%s", diff)
	}
	s, err := ReadSources(r.RunDir)
	if err != nil {
		t.Fatal(err)
	}
	q, diags := s.Load(kinds, plan.Options{})
	if diags.HasErrors() || len(q.Units) != 2 {
		t.Fatalf("%d units, %v", len(q.Units), diags)
	}
	for i, u := range q.Units {
		if u.Fingerprint != p.Units[i].Fingerprint {
			t.Errorf("%s has another fingerprint", u.Address)
		}
	}
}

func TestReadSourcesWithoutRecord(t *testing.T) {
	if _, err := ReadSources(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
