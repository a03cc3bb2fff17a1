package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/stages"
)

// Every pipeline in the repository is valid.
func TestEveryPipelineIsValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository(t), "pipelines", "*.hcl"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found the pipelines %v, error %v", files, err)
	}
	for _, file := range files {
		var stdout, stderr bytes.Buffer
		if code := execute([]string{"validate", file}, nil, &stdout, &stderr); code != exitOK {
			t.Errorf("%s: exit code %d\n%s", filepath.Base(file), code, &stderr)
		}
	}
}

// Every task has a pipeline of its own, which uses it, and is in the one that
// compares them all.
func TestEveryTaskHasAPipeline(t *testing.T) {
	dir := filepath.Join(repository(t), "pipelines")
	all, err := os.ReadFile(filepath.Join(dir, "pretexts.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pretext.Kinds.Names() {
		block := `pretext "` + name + `"`
		own, err := os.ReadFile(filepath.Join(dir, name+".hcl"))
		if err != nil || !bytes.Contains(own, []byte(block)) {
			t.Errorf("pipelines/%s.hcl does not use the task (error %v)", name, err)
		}
		if !bytes.Contains(all, []byte(block)) {
			t.Errorf("pipelines/pretexts.hcl lacks %s", name)
		}
	}
}

// Editing the one block that names the task changes what depends on it, and
// nothing else.
func TestSwappingThePretextRerunsOnlyWhatDependsOnIt(t *testing.T) {
	path := filepath.Join(repository(t), "pipelines", "rotation.hcl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const block = `pretext "rotation" {}`
	if strings.Count(string(text), block) != 1 {
		t.Fatalf("%s does not have %s once", path, block)
	}
	before := fingerprints(t, text)
	for _, name := range pretext.Kinds.Names() {
		if name == "rotation" {
			continue
		}
		after := fingerprints(t, bytes.Replace(text, []byte(block), []byte(`pretext "`+name+`" {}`), 1))
		var changed []string
		for address, fingerprint := range after {
			if before[address] != fingerprint {
				stage, _, _ := strings.Cut(address, "[")
				changed = append(changed, stage)
			}
		}
		slices.Sort(changed)
		want := []string{"evaluate.report", "finetune.ssl_full", "finetune.ssl_linear", "pretrain.rotation"}
		if got := slices.Compact(changed); !slices.Equal(got, want) {
			t.Errorf("with %s %v run again, want %v", name, got, want)
		}
	}
}

func fingerprints(t *testing.T, text []byte) map[string]string {
	t.Helper()
	p, diags := plan.Parse(text, "pipelines/rotation.hcl", stages.Kinds, plan.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	of := map[string]string{}
	for _, u := range p.Units {
		of[u.Address] = u.Fingerprint
	}
	return of
}

// Every pipeline in the repository has the layout that fmt gives.
func TestEveryPipelineIsFormatted(t *testing.T) {
	var stdout, stderr bytes.Buffer
	dir := repository(t)
	args := []string{"fmt", "--check", "--diff", filepath.Join(dir, "pipelines"), filepath.Join(dir, "bench", "peers"), "testdata"}
	if code := execute(args, nil, &stdout, &stderr); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}
