package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// How many units run at once changes no bit of any result.
func TestJobsDoNotChangeResults(t *testing.T) {
	tiny := filepath.Join(repository(t), "cmd", "sslpipe", "testdata", "tiny.hcl")
	one, three := t.TempDir(), t.TempDir()
	for dir, jobs := range map[string]string{one: "1", three: "3"} {
		cmd := program(t, dir, "run", tiny, "--jobs", jobs, "--var", "steps=4", "--until", "finetune.*", "--exclude", "finetune.scratch")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v:\n%s", err, out)
		}
	}
	alone := results(t, one)
	if diff := cmp.Diff(alone, results(t, three)); diff != "" || len(alone) != 10 {
		t.Errorf("%d results differ (-one at a time +three):\n%s", len(alone), diff)
	}
}
