package train

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// injuries are what a disk may do to a file.
var injuries = map[string]func(path string, data []byte) error{
	"a flipped bit": func(path string, data []byte) error {
		data[len(data)/2] ^= 1
		return os.WriteFile(path, data, 0o644)
	},
	"the last bit flipped": func(path string, data []byte) error {
		data[len(data)-1] ^= 1
		return os.WriteFile(path, data, 0o644)
	},
	"cut short":       func(path string, data []byte) error { return os.WriteFile(path, data[:len(data)-1], 0o644) },
	"a byte appended": func(path string, data []byte) error { return os.WriteFile(path, append(data, 0), 0o644) },
	"gone":            func(path string, _ []byte) error { return os.Remove(path) },
}

// validated is a toy with a best step, of which the score falls afterwards.
func validated(t *testing.T, dir string) *toy {
	t.Helper()
	y := newToy(t, dir, steady{20})
	step := 0
	y.poll = func(s int) { step = s + 1 }
	y.loop.ValidateEvery = 4
	y.loop.Validate = func() (float64, error) { return []float64{0.1, 0.5, 0.4, 0.3, 0.2}[step/4-1], nil }
	return y
}

// Whatever happens to any file of a run's checkpoints, the run ends with the same
// bits: what is damaged is not used, and told where the run would have used it.
func TestNoDamagedFileOfACheckpointIsUsed(t *testing.T) {
	whole := validated(t, t.TempDir())
	state, err := whole.loop.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := whole.weights(t)
	source := t.TempDir()
	part := validated(t, source)
	part.loop.SaveEvery = 0
	ctx, cancel := context.WithCancel(t.Context())
	poll := part.poll
	part.poll = func(s int) {
		if poll(s); s == 13 {
			cancel()
		}
	}
	if _, err := part.loop.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	wantFolders(t, source, "best-8", "step-13", "step-14")
	rest := validated(t, "")
	for _, name := range filesIn(t, source) {
		for what, injure := range injuries {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err == nil {
				err = injure(filepath.Join(dir, name), data)
			}
			if err != nil {
				t.Fatal(err)
			}
			rest.loop.Dir = dir
			var log []string
			rest.loop.Logf = func(format string, args ...any) { log = append(log, format) }
			got, err := rest.loop.Run(t.Context())
			if err != nil {
				t.Errorf("%s, %s: %v", name, what, err)
				continue
			}
			if w := rest.weights(t); w != want || got.BestStep != state.BestStep || got.BestScore != state.BestScore {
				t.Errorf("%s, %s: weights %v and best step %d; want %v and %d", name, what, w, got.BestStep, want, state.BestStep)
			}
			if used := !strings.HasPrefix(name, "step-13"); used != (len(log) > 0) {
				t.Errorf("%s, %s: told %q", name, what, log)
			}
		}
	}
}

func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil || len(names) != 11 {
		t.Fatalf("%d files: %v, %v", len(names), names, err)
	}
	return names
}

// Weights that were damaged while the run went on end it, and the next attempt
// makes them again.
func TestBestWeightsDamagedBeforeTheEndAreMadeAgain(t *testing.T) {
	whole := validated(t, t.TempDir())
	if _, err := whole.loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	y := validated(t, dir)
	y.loop.SaveEvery = 0
	poll := y.poll
	y.poll = func(s int) {
		if poll(s); s != 18 {
			return
		}
		path := filepath.Join(dir, "best-8", "weights.index")
		data, err := os.ReadFile(path)
		if err == nil {
			err = injuries["a flipped bit"](path, data)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if _, err := y.loop.Run(t.Context()); err == nil || err.Error() != "restore best weights of step 8: weights.index of best-8 is not as it was written" {
		t.Fatalf("error %v", err)
	}
	again := validated(t, dir)
	if _, err := again.loop.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := again.weights(t), whole.weights(t); got != want {
		t.Errorf("weights %v, want %v", got, want)
	}
}

// A list may not stand for a file that it does not name.
func TestManifestNamesEveryFileOnce(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, b := whole.Files[0], whole.Files[1]
	for want, files := range map[string][]manifestEntry{
		"":                                   {b, a},
		"a of LIST is not as it was written": {a, a},
		" of LIST is not as it was written":  {a, {}},
		"LIST has 2 files, not the 1 that were written": {b},
		"LIST has 2 files, not the 0 that were written": nil,
	} {
		text, err := json.Marshal(manifest{files})
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, manifestFile), text, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if err := checkManifest(dir); err != nil {
			got = strings.ReplaceAll(err.Error(), filepath.Base(dir), "LIST")
		}
		if got != want {
			t.Errorf("%v: %q, want %q", files, got, want)
		}
	}
}
