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

// Every pipeline in the repository is valid, and has nothing to warn of.
func TestEveryPipelineIsValid(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(repository(t), "pipelines", "*.hcl"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found the pipelines %v, error %v", files, err)
	}
	for _, file := range files {
		var stdout, stderr bytes.Buffer
		if code := execute([]string{"validate", file}, nil, &stdout, &stderr); code != exitOK || stderr.Len() > 0 {
			t.Errorf("%s: exit code %d\n%s", filepath.Base(file), code, &stderr)
		}
	}
}

// transformed names the pipeline of a task that no network of convolutions can learn.
var transformed = map[string]string{
	"masked_autoencoder": "vit-mae.hcl", "masked_token": "masked-token.hcl", "next_token": "next-token.hcl",
}

// Every task has a pipeline of its own, which uses it, and is an arm of the ones that
// compare all that one encoder can learn.
func TestEveryTaskHasAPipeline(t *testing.T) {
	evaluated := map[string][]string{
		"pretexts.hcl":         evaluatedTasks(t, "pretexts.hcl"),
		"pretexts-cifar10.hcl": evaluatedTasks(t, "pretexts-cifar10.hcl"),
	}
	for _, name := range pretext.Kinds.Names() {
		if file, ok := transformed[name]; ok {
			if !slices.Contains(evaluatedTasks(t, file), name) {
				t.Errorf("pipelines/%s evaluates no encoder of %s", file, name)
			}
			continue
		}
		evaluated[name+".hcl"] = evaluatedTasks(t, name+".hcl")
		for _, file := range []string{name + ".hcl", "pretexts.hcl", "pretexts-cifar10.hcl"} {
			if !slices.Contains(evaluated[file], name) {
				t.Errorf("pipelines/%s evaluates no encoder of %s", file, name)
			}
		}
	}
}

// evaluatedTasks are the tasks that a pipeline evaluates an encoder of, without
// those that are learnt together.
func evaluatedTasks(t *testing.T, file string) []string {
	t.Helper()
	p, diags := plan.Load([]string{filepath.Join(repository(t), "pipelines", file)}, stages.Kinds, plan.Options{})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var tasks []string
	for _, report := range p.Stages {
		for _, arm := range report.Upstream {
			if report.Kind.Name != "evaluate" || arm.Kind.Name != "finetune" {
				continue
			}
			for _, from := range arm.Upstream {
				if c, ok := from.Config.(*stages.PretrainConfig); ok && len(c.Pretexts) == 1 {
					tasks = append(tasks, c.Pretexts[0].Name)
				}
			}
		}
	}
	return tasks
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
		if name == "rotation" || transformed[name] != "" {
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
	args := []string{"fmt", "--check", "--diff", "--recursive", filepath.Join(dir, "pipelines"), filepath.Join(dir, "bench", "peers"), "testdata"}
	if code := execute(args, nil, &stdout, &stderr); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, &stdout, &stderr)
	}
}
