package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever report.json holds, it is a report of our version or an error that names
// the file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"version":1,"run":"r","pipeline":{"name":"x"},"evaluations":[{"name":"e","arms":[{"name":"a"}]}]}`))
	f.Add([]byte(`{"version":2}`))
	f.Add([]byte(`{"version":1,"evaluations":[{"arms":null,"sets":[{"scores":null}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, File), text, 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Read(dir)
		switch {
		case err == nil && r.Version != Version:
			t.Errorf("a report of version %d", r.Version)
		case err != nil && !strings.Contains(err.Error(), File):
			t.Errorf("the error names no file: %v", err)
		}
	})
}
