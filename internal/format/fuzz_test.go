package format_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/format"
)

// FuzzFormat formats any text. What does not parse stays; else the second time
// changes nothing, and the file means what it meant, comments and all.
func FuzzFormat(f *testing.F) {
	for _, pattern := range []string{"testdata/*.in.hcl", "../plan/testdata/*/*.hcl", "../../pipelines/*.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			f.Fatalf("%s: found %v, error %v", pattern, paths, err)
		}
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		checkFormatted(t, src)
	})
}

func checkFormatted(t *testing.T, src []byte) {
	t.Helper()
	once, diags := format.Source(src, "x.hcl")
	if diags.HasErrors() {
		if string(once) != string(src) {
			t.Errorf("text that does not parse was changed: %q to %q", src, once)
		}
		return
	}
	if before, after := meaning(t, src), meaning(t, once); before != after {
		t.Errorf("%q became %q:\n%s", src, once, cmp.Diff(before, after))
	}
	if diff := cmp.Diff(comments(src), comments(once)); diff != "" {
		t.Errorf("comments of %q changed: %s", src, diff)
	}
	twice, diags := format.Source(once, "x.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	if diff := cmp.Diff(string(once), string(twice)); diff != "" {
		t.Errorf("the second time changes %q: %s", src, diff)
	}
}
