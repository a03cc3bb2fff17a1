package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
)

// Every pipeline in the repository can be planned again from its record alone.
func TestEveryPipelineIsPlannedAgain(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository(t), "pipelines"))); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.hcl"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found the pipelines %v, error %v", files, err)
	}
	var sources []*plan.Sources
	var plans []*plan.Plan
	for _, file := range files {
		p, diags := plan.Load([]string{file}, stages.Kinds, plan.Options{Runtime: "test"})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		plans, sources = append(plans, p), append(sources, p.Sources())
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for i, s := range sources {
		p, diags := s.Load(stages.Kinds, plan.Options{Runtime: "test"})
		if diags.HasErrors() {
			t.Error(diags)
		}
		if diff := cmp.Diff(addressed(plans[i]), addressed(p)); diff != "" {
			t.Errorf("%s: fingerprints (-first +again):\n%s", files[i], diff)
		}
	}
}

func addressed(p *plan.Plan) map[string]string {
	all := map[string]string{}
	for _, u := range p.Units {
		all[u.Address] = u.Fingerprint
	}
	return all
}

// failedRun is the folder of a run whose first unit failed, which takes no time.
func failedRun(t *testing.T, dir, pipeline string) string {
	t.Helper()
	kinds := slices.Clone(stages.Kinds)
	for i := range kinds {
		kinds[i].Run = func(context.Context, *plan.Env, any) (map[string]artifact.Output, error) {
			return nil, errors.New("this is a test")
		}
	}
	flags := pipelineFlags{given: []plan.Given{{Var: "epochs=3"}}, sets: []string{"finetune.*.patience=2"}}
	p, diags := flags.plan(&settings{State: t.TempDir()}, []string{pipeline}, "cpu", kinds)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	store, err := artifact.OpenStore(filepath.Join(dir, "cache"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Execute(t.Context(), p, run.Options{Store: store, Cores: 1, Device: "cpu", RunsDir: filepath.Join(dir, "runs")})
	if _, failed := errors.AsType[*run.FailedError](err); !failed {
		t.Fatalf("error %v", err)
	}
	return result.RunDir
}

// A run is planned again after its pipeline is gone, with the fingerprints that it had.
func TestReplanPlansWhatWasRun(t *testing.T) {
	dir := t.TempDir()
	pipeline := filepath.Join(dir, "tiny.hcl")
	text, err := os.ReadFile(filepath.Join("testdata", "tiny.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(pipeline, text, 0o666); err != nil {
		t.Fatal(err)
	}
	runDir := failedRun(t, dir, pipeline)
	if err := os.Remove(pipeline); err != nil {
		t.Fatal(err)
	}
	config, err := run.ReadConfig(runDir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, u := range config.Units {
		want[u.Address] = u.Fingerprint
	}
	s := &settings{Device: "auto"}
	p, _, err := s.replan(&cobra.Command{}, runDir, &pipelineFlags{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, addressed(p)); diff != "" || p.Pipeline.Path != pipeline {
		t.Errorf("pipeline %s, fingerprints (-run +again):\n%s", p.Pipeline.Path, diff)
	}
	if _, _, err := s.replan(&cobra.Command{}, runDir, &pipelineFlags{sets: []string{"a.b.c=1"}}); err == nil {
		t.Error("--set is taken")
	}
	_, _, err = s.replan(&cobra.Command{}, t.TempDir(), &pipelineFlags{})
	if exit, ok := errors.AsType[exitError](err); !ok || exit.code != exitMistake {
		t.Errorf("of no run: %v", err)
	}
}
