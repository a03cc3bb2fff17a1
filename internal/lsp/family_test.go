package lsp_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

// folder writes files and returns the URI of the folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return "file://" + dir
}

// The files of a folder that refer to each other are one pipeline.
func TestFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"data.hcl":       "variable \"n\" {\n  type = number\n  default = 1\n}\ndownload \"images\" { source = \"mnist\" }\n",
		"other.auto.hcl": "n = 2\n",
		"train.hcl":      "on disk it does not parse",
	})
	c := start(t)
	text := "augment \"crops\" { data = download.images.train }\npretrain \"a\" {\n  views = augment.crops\n  epochs = var.n\n  pretext \"rotation\" {}\n}\n"
	c.open(dir+"/train.hcl", text)
	if p := c.publication(); p.URI != dir+"/train.hcl" || len(p.Diagnostics) != 0 {
		t.Fatalf("diagnostics %+v", p)
	}
	places := c.call("textDocument/definition", map[string]any{
		"textDocument": map[string]any{"uri": dir + "/train.hcl"}, "position": map[string]any{"line": 3, "character": 16},
	})
	want := `[{"uri":"` + dir + `/data.hcl","range":{"start":{"line":0,"character":10},"end":{"line":0,"character":11}}}]`
	if string(places) != want {
		t.Errorf("definition %s, want %s", places, want)
	}

	// A mistake in a file that is not open is shown there, and taken back.
	c.open(dir+"/data.hcl", "variable \"n\" {\n  type = number\n  default = 1\n}\ndownload \"images\" { source = 1 + var.m }\n")
	if got := problems(c, 2); !slices.Equal(got, []string{"data.hcl:4 Unknown variable"}) {
		t.Errorf("mistakes %v", got)
	}
	c.note("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": dir + "/data.hcl"}})
	if got := problems(c, 2); len(got) != 0 {
		t.Errorf("mistakes after closing %v", got)
	}
}

// Files that have nothing to do with each other are not.
func TestFolderOfPipelines(t *testing.T) {
	dir := folder(t, map[string]string{
		"a.hcl": "pipeline {}\nvariable \"n\" {\n  type = number\n  default = 1\n}\n",
		"b.hcl": "pipeline {}\ndownload \"images\" { source = \"${var.n}\" }\n",
	})
	c := start(t)
	c.open(dir+"/b.hcl", "pipeline {}\ndownload \"images\" { source = \"${var.n}\" }\n")
	if got := problems(c, 1); !slices.Equal(got, []string{"b.hcl:1 Unknown variable"}) {
		t.Errorf("mistakes %v", got)
	}
}

// A file of values is no pipeline.
func TestValuesFile(t *testing.T) {
	dir := folder(t, nil)
	c := start(t)
	c.open(dir+"/x.auto.hcl", "n = 2\n")
	if got := problems(c, 1); len(got) != 0 {
		t.Errorf("mistakes %v", got)
	}
	c.open(dir+"/x.lock.hcl", "data \"images\" { sha256 = \"0\" }\n")
	if got := problems(c, 1); len(got) != 0 {
		t.Errorf("mistakes in a lock %v", got)
	}
	c.open(dir+"/y.auto.hcl", "n = \n")
	if got := problems(c, 1); !slices.Equal(got, []string{"y.auto.hcl:0 Invalid expression"}) {
		t.Errorf("mistakes %v", got)
	}
}

// JSON is checked, and otherwise left to editors' own help for it.
func TestJSON(t *testing.T) {
	c := start(t)
	file := "file:///work/x.hcl.json"
	c.open(file, "{\n  \"locals\": { \"a\": \"${var.b}\" }\n}\n")
	if got := problems(c, 1); !slices.Equal(got, []string{"x.hcl.json:1 Unknown variable"}) {
		t.Errorf("mistakes %v", got)
	}
	place := map[string]any{"textDocument": map[string]any{"uri": file}, "position": map[string]any{"line": 1, "character": 26}}
	for method, want := range map[string]string{"completion": `{"isIncomplete":false,"items":[]}`, "hover": "null", "definition": "[]"} {
		if got := string(c.call("textDocument/"+method, place)); got != want {
			t.Errorf("%s: %s", method, got)
		}
	}
}

func TestModule(t *testing.T) {
	dir := folder(t, map[string]string{
		"m/vars.hcl": "variable \"zoom\" {\n  type = number\n}\nvariable \"again\" {\n  type = number\n  default = 2\n  description = \"Times.\"\n}\n",
		"m/out.hcl":  "output \"best\" { value = 1 }\noutput \"all\" { value = 2 }\n",
	})
	c := start(t)
	file := dir + "/main.hcl"
	at := func(text string, line, character int) []string {
		c.open(file, text)
		var list completions
		unmarshal(t, c.call("textDocument/completion", map[string]any{
			"textDocument": map[string]any{"uri": file}, "position": map[string]any{"line": line, "character": character},
		}), &list)
		return labels(list)
	}
	if diff := gocmp.Diff([]string{"zoom", "again"}, at("module \"m\" {\n  source = \"./m\"\n  \n}\n", 2, 2)); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"again"}, at("module \"m\" {\n  source = \"./m\"\n  zoom = 1\n  \n}\n", 3, 2)); diff != "" {
		t.Errorf("variables that are not set (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"all", "best"}, at("module \"m\" {\n  source = \"./m\"\n}\nlocals {\n  x = module.m.\n}\n", 4, 15)); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}
