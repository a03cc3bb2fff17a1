package plan_test

import (
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/plan"
)

// FuzzParse checks that no text, and no value of a variable, makes planning
// panic, and that every diagnostic points into a source. The seeds are the
// fixtures.
func FuzzParse(f *testing.F) {
	paths, err := filepath.Glob("testdata/*/*.hcl")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, path := range paths {
		src, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(src), "3")
	}
	kinds := fakeKinds(1, 1)
	f.Fuzz(func(t *testing.T, src, value string) {
		vars := map[string]string{"epochs": value, "folder": value, "rates": value}
		p, diags := plan.Parse([]byte(src), "x.hcl", kinds, plan.Options{Given: given(vars), Digest: func(string) (string, error) { return "", nil }})
		for _, d := range diags {
			if d.Subject == nil || p.Files[d.Subject.Filename] == nil {
				t.Errorf("%s is about no source", d)
			}
		}
		if diags.HasErrors() && len(p.Stages)+len(p.Units) > 0 {
			t.Error("a plan with errors has stages")
		}
		for _, u := range p.Units {
			if len(u.Fingerprint) != 64 {
				t.Errorf("%s has the fingerprint %q", u.Address, u.Fingerprint)
			}
		}
	})
}
