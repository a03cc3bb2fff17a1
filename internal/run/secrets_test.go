package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// Whatever a unit says, the login in an address is in nothing that a run writes or
// returns.
func TestRunFolderWithoutLogins(t *testing.T) {
	const address = "https://ada:hunter2@example.org/images.zip"
	failure := errors.New("download " + address + ": no")
	for name, work := range map[string]work{
		"failure": func(_ context.Context, env *plan.Env) error {
			env.Logf("from %s", address)
			env.Report(plan.Progress{Step: 1, Total: 2, Note: address})
			return fmt.Errorf("of %s: %w", env.Redact(address), failure)
		},
		"panic": func(context.Context, *plan.Env) error { panic(address) },
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			l.add("download.images", "data", work)
			_, _, err := l.run()
			if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "https://(sensitive)@example.org/images.zip") {
				t.Errorf("the error is %v", err)
			}
			if name == "failure" && !errors.Is(err, failure) {
				t.Error("the error lost its cause")
			}
			files := 0
			err = filepath.WalkDir(l.root, func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				files++
				text, err := os.ReadFile(path)
				if strings.Contains(string(text), "hunter2") {
					t.Errorf("%s holds the password:\n%s", path, text)
				}
				return err
			})
			if err != nil || files < 4 {
				t.Errorf("%d files, %v", files, err)
			}
			if text := fmt.Sprintf("%+v", l.events); strings.Contains(text, "hunter2") || !strings.Contains(text, "(sensitive)@") {
				t.Errorf("the events are %s", text)
			}
		})
	}
}
