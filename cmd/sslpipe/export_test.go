package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/bundle"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
	"sslpipe/internal/run"
	"sslpipe/internal/stages"
)

// quickKinds are the kinds of stage, of which each computes nothing and hands on files
// that say what it is.
func quickKinds() []plan.Kind {
	kinds := slices.Clone(stages.Kinds)
	for i := range kinds {
		outputs := kinds[i].Outputs
		kinds[i].Run = func(_ context.Context, env *plan.Env, _ any) (map[string]artifact.Output, error) {
			all := map[string]artifact.Output{}
			for _, o := range outputs {
				all[o.Name] = artifact.Output{Type: o.Type, Meta: map[string]string{"of": env.Unit.Address}}
			}
			model := filepath.Join(env.Dir, "out", stages.ModelDir)
			return all, errors.Join(os.MkdirAll(filepath.Join(model, "variables"), 0o777),
				os.WriteFile(filepath.Join(model, "saved_model.pb"), []byte(env.Unit.Address), 0o666),
				os.WriteFile(filepath.Join(model, "variables", "x"), []byte("weights"), 0o666),
				os.WriteFile(filepath.Join(env.Dir, "out", "curve.csv"), []byte("step\n"), 0o666))
		}
	}
	return kinds
}

// quickRun runs a pipeline by [quickKinds] and writes a report of it, which has the time
// and the machine in it.
func quickRun(t *testing.T, s *settings, path string, chosen plan.Selection, cores int) string {
	t.Helper()
	flags := pipelineFlags{given: []plan.Given{{Var: "epochs=3"}}}
	p, diags := flags.plan(s, []string{path}, "cpu", quickKinds())
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	store, err := s.store()
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Select(chosen)
	if err != nil {
		t.Fatal(err)
	}
	result, err := run.Execute(t.Context(), p, run.Options{Store: store, Cores: cores, Device: "cpu", RunsDir: s.runs(), Chosen: c})
	if _, left := errors.AsType[*run.LeftOutError](err); err != nil && !left {
		t.Fatal(err)
	}
	r := &report.Report{Version: report.Version, Run: filepath.Base(result.RunDir), Started: time.Now(), Pipeline: gathering{plan: p}.pipeline(),
		Environment: environment("cpu"), Commands: gathering{plan: p, device: "cpu"}.commands(),
		Evaluations: []report.Evaluation{{Name: "report", Sets: []report.TestSet{{Name: "set", Pictures: &report.Pictures{File: "report-x.png", Width: 1, Height: 1, Columns: 1, Count: 1}}}}}}
	r.Environment.Cores = cores
	if err := os.WriteFile(filepath.Join(result.RunDir, "report-x.png"), []byte("png"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(result.RunDir, runLockFile), []byte("runtime = \"x\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writeForm(filepath.Join(result.RunDir, report.File), result.RunDir, r, result.RunDir, "json"); err != nil {
		t.Fatal(err)
	}
	return result.RunDir
}

//go:embed testdata/tiny.hcl
var tiny []byte

// tinyIn is the tiny pipeline in a new folder, with settings for runs there.
func tinyIn(t *testing.T) (path string, s *settings) {
	t.Helper()
	dir := t.TempDir()
	path = filepath.Join(dir, "tiny.hcl")
	if err := os.WriteFile(path, tiny, 0o666); err != nil {
		t.Fatal(err)
	}
	return path, &settings{State: filepath.Join(dir, "state"), Device: "auto"}
}

func exported(t *testing.T, s *settings, runDir string, models bool) []byte {
	t.Helper()
	c, err := s.contentsOf(runDir, models)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	written, err := writeBundle(t.Context(), path, c)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if digestOf(data) != written.SHA256 {
		t.Errorf("the digest is %s, and %s is told", digestOf(data), written.SHA256)
	}
	return data
}

func imported(t *testing.T, s *settings, data []byte) (string, bool, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	b, err := openBundle(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.file.Close() //nolint:errcheck // nothing was written
	return s.importRun(b)
}

// Runs in two folders, on other numbers of cores, one of them taken from the store and
// with its pipeline named otherwise, give the same bytes; a bundle that was imported
// gives them too.
func TestEqualRunsGiveTheSameBundle(t *testing.T) {
	path, s := tinyIn(t)
	first := exported(t, s, quickRun(t, s, path, plan.Selection{}, 1), true)
	t.Chdir(filepath.Dir(path))
	if again := exported(t, s, quickRun(t, s, "./tiny.hcl", plan.Selection{}, 2), true); !bytes.Equal(first, again) {
		t.Error("a run that found everything stored gives another bundle")
	}
	otherPath, other := tinyIn(t)
	if second := exported(t, other, quickRun(t, other, otherPath, plan.Selection{}, 3), true); !bytes.Equal(first, second) {
		t.Error("a run in another folder gives another bundle")
	}
	_, there := tinyIn(t)
	dir, fresh, err := imported(t, there, first)
	if err != nil || !fresh {
		t.Fatalf("imported: %t, %v", fresh, err)
	}
	if again := exported(t, there, dir, true); !bytes.Equal(first, again) {
		t.Error("what was imported gives another bundle")
	}
	if small := exported(t, s, newestRun(t, s), false); bytes.Equal(first, small) || len(small) >= len(first) {
		t.Error("it is no smaller without models")
	}
	if strings.Contains(string(mustRead(t, dir, "config.json")), filepath.Dir(path)) {
		t.Error("config.json tells where the pipeline was")
	}
}

// newestRun is the newest run.
func newestRun(t *testing.T, s *settings) string {
	t.Helper()
	dir, err := report.Find(s.runs(), report.Latest)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func mustRead(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// names are the files in a folder.
func names(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			all = append(all, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestImportMakesARunAndNothingElse(t *testing.T) {
	path, s := tinyIn(t)
	data := exported(t, s, quickRun(t, s, path, plan.Selection{}, 1), true)
	_, there := tinyIn(t)
	dir, _, err := imported(t, there, data)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(there.runs(), "imported-tiny-"+digestOf(data)[:12]); dir != want {
		t.Errorf("imported as %s, want %s", dir, want)
	}
	var elsewhere []string
	for _, name := range names(t, there.State) {
		if !strings.HasPrefix(name, "runs/"+filepath.Base(dir)+"/") {
			elsewhere = append(elsewhere, name)
		}
	}
	if len(elsewhere) > 0 {
		t.Errorf("elsewhere are %v", elsewhere)
	}
	for name, want := range map[string]string{
		"models/pretrain.tiny/2/saved_model.pb":             "pretrain.tiny[seed=1]",
		"models/finetune.ssl.5/1/variables/x":               "weights",
		"curves/finetune.scratch=labels=5=seed=0/curve.csv": "step\n",
		"run.lock.hcl": "runtime = \"x\"\n",
		"report-x.png": "png",
	} {
		if got := string(mustRead(t, dir, name)); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var card modelCard
	if err := json.Unmarshal(mustRead(t, dir, "models/pretrain.tiny/2/sslpipe.json"), &card); err != nil || card.Unit != "pretrain.tiny[seed=1]" {
		t.Errorf("card %+v, %v", card, err)
	}
	before := names(t, there.State)
	again, fresh, err := imported(t, there, data)
	if err != nil || fresh || again != dir {
		t.Errorf("the second time: %s, %t, %v", again, fresh, err)
	}
	if diff := cmp.Diff(before, names(t, there.State)); diff != "" {
		t.Errorf("the second time changes (-before +after):\n%s", diff)
	}
	r, _, err := there.readRun("imported")
	if err != nil || r.Run != filepath.Base(dir) || r.Pipeline.Path != "tiny.hcl" {
		t.Errorf("the report is %+v, %v", r, err)
	}
	past, err := run.History(there.runs())
	if diff := cmp.Diff([]run.Past{{Name: filepath.Base(dir), Pipeline: "tiny", Imported: true}}, past); diff != "" || err != nil {
		t.Errorf("runs, %v (-want +got):\n%s", err, diff)
	}
}

var sealLine = regexp.MustCompile(`  "sha256": "[0-9a-f]{64}",\n`)

// What a stranger's document or page says is not believed: pictures come from its own
// folder, pages are drawn here, and a document that cannot be shown is refused whole.
func TestImportedReportsAreNotTrusted(t *testing.T) {
	path, s := tinyIn(t)
	runDir := quickRun(t, s, path, plan.Selection{}, 1)
	c, err := s.contentsOf(runDir, false)
	if err != nil {
		t.Fatal(err)
	}
	pack := func(name string, change func(string) string) []byte {
		entries := slices.Clone(c.entries)
		for i, e := range entries {
			if e.Name == name {
				r, err := e.Open()
				if err != nil {
					t.Fatal(err)
				}
				var text bytes.Buffer
				if _, err := text.ReadFrom(r); err != nil {
					t.Fatal(err)
				}
				// A stranger makes a seal that fits, or none.
				entries[i] = bundle.Bytes(name, []byte(change(sealLine.ReplaceAllString(text.String(), ""))))
			}
		}
		var out bytes.Buffer
		if _, err := bundle.Write(&out, "p", "tiny", entries); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	dir, _, err := imported(t, s, pack("report.html", func(string) string { return "<script>alert(1)</script>" }))
	if err != nil {
		t.Fatal(err)
	}
	if page := string(mustRead(t, dir, "report.html")); strings.Contains(page, "alert(1)") || !strings.Contains(page, filepath.Base(dir)) {
		t.Error("the page is the stranger's")
	}
	for name, c := range map[string]struct {
		file   string
		change func(string) string
		want   string
	}{
		"picture outside":  {report.File, func(s string) string { return strings.Replace(s, "report-x.png", "../../secret.png", 1) }, "which is not beside the report"},
		"absolute picture": {report.File, func(s string) string { return strings.Replace(s, "report-x.png", "/etc/passwd", 1) }, "which is not beside the report"},
		"newer report":     {report.File, func(s string) string { return strings.Replace(s, `"version": 1`, `"version": 2`, 1) }, "its schema has version 2"},
		"nonsense": {report.File, func(s string) string {
			return strings.Replace(s, `"comparisons": null`, `"comparisons": [{"metric": "accuracy", "arms": ["a"], "rows": [{"cells": []}, {}]}]`, 1)
		}, "0 cells for 1 arms"},
		"other pipeline":   {run.ConfigFile, func(s string) string { return strings.Replace(s, `"pipeline": "tiny"`, `"pipeline": "x"`, 1) }, `it is of the pipeline "tiny", and its configuration of "x"`},
		"no configuration": {run.ConfigFile, func(string) string { return "[]" }, "it holds no run"},
		"no sources":       {run.ReplayFile, func(string) string { return "[]" }, "it holds no pipeline"},
	} {
		_, there := tinyIn(t)
		if _, _, err := imported(t, there, pack(c.file, c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if left := names(t, there.State); len(left) > 0 {
			t.Errorf("%s: it leaves %v behind", name, left)
		}
	}
}

func TestOnlyWholeRunsAreExported(t *testing.T) {
	path, s := tinyIn(t)
	part := quickRun(t, s, path, plan.Selection{Until: []string{"pretrain.tiny"}}, 1)
	failed := failedRun(t, t.TempDir(), path)
	whole := quickRun(t, s, path, plan.Selection{}, 1)
	if err := os.RemoveAll(filepath.Join(s.State, "cache")); err != nil {
		t.Fatal(err)
	}
	old := quickRun(t, s, path, plan.Selection{}, 1)
	if err := errors.Join(os.Remove(filepath.Join(old, run.ReplayFile)), os.RemoveAll(filepath.Join(s.State, "cache"))); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{
		part:        "was of a part of its pipeline: run all of it",
		failed:      "did not come to its end: run it again",
		whole:       "download.images: its result is not stored any more: run the pipeline again",
		old:         "does not hold its pipeline, since an older version made it",
		t.TempDir(): "is no run of this program",
	} {
		if _, err := s.contentsOf(dir, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", filepath.Base(dir), err, want)
		}
	}
}

// A damaged result does not get into a bundle.
func TestDamagedResultsAreNotExported(t *testing.T) {
	path, s := tinyIn(t)
	dir := quickRun(t, s, path, plan.Selection{}, 1)
	models, err := filepath.Glob(filepath.Join(s.State, "cache", "objects", "*", stages.ModelDir, "variables", "x"))
	if err != nil || len(models) == 0 {
		t.Fatalf("models %v, %v", models, err)
	}
	for _, model := range models {
		if err := errors.Join(os.Chmod(model, 0o600), os.WriteFile(model, []byte("w3ights"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = s.contentsOf(dir, true)
	if _, damaged := errors.AsType[*artifact.DamagedError](err); !damaged {
		t.Errorf("error %v", err)
	}
}

func TestAnInterruptLeavesNoBundle(t *testing.T) {
	path, s := tinyIn(t)
	c, err := s.contentsOf(quickRun(t, s, path, plan.Selection{}, 1), true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	out := t.TempDir()
	if _, err := writeBundle(ctx, filepath.Join(out, "x.tar.zst"), c); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if left := names(t, out); len(left) > 0 {
		t.Errorf("it leaves %v behind", left)
	}
	data := exported(t, s, newestRun(t, s), true)
	file := filepath.Join(out, "x.tar.zst")
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	b, err := openBundle(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	b.ctx = ctx
	_, there := tinyIn(t)
	if _, _, err := there.importRun(b); !errors.Is(err, context.Canceled) {
		t.Errorf("import: %v", err)
	}
	if left := names(t, there.State); len(left) > 0 {
		t.Errorf("the import leaves %v behind", left)
	}
}

func TestExitCodesOfImport(t *testing.T) {
	dir := t.TempDir()
	for name, want := range map[string]int{"none.tar.zst": exitMistake, ".": exitMistake, "text": exitMistake} {
		if name == "text" {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("text"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		for _, flag := range []string{"--list=true", "--list=false"} {
			var stdout, stderr bytes.Buffer
			args := []string{"import", flag, filepath.Join(dir, name), "--state", filepath.Join(dir, "state")}
			if code := execute(args, nil, &stdout, &stderr); code != want || stdout.Len() > 0 {
				t.Errorf("%s: exit code %d, %s%s", fmt.Sprint(args), code, &stdout, &stderr)
			}
		}
	}
}
