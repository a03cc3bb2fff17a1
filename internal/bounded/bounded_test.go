package bounded

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestReadFile(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	if err := errors.Join(os.WriteFile(at("four"), []byte("1234"), 0o666), os.Symlink("four", at("link")),
		os.Symlink("/dev/zero", at("zero")), syscall.Mkfifo(at("pipe"), 0o666)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		limit int64
		want  error
	}{
		{"four", 4, nil}, {"link", 4, nil}, {"four", 3, ErrTooLong}, {"pipe", 4, ErrNoFile},
		{"zero", 4, ErrNoFile}, {".", 4, ErrNoFile}, {"none", 4, fs.ErrNotExist},
	} {
		text, err := ReadFile(at(c.name), c.limit)
		if !errors.Is(err, c.want) || err == nil && string(text) != "1234" || err != nil && text != nil {
			t.Errorf("%s within %d: %q, %v, not %v", c.name, c.limit, text, err, c.want)
		}
		if path, ok := errors.AsType[*fs.PathError](err); err != nil && (!ok || path.Path != at(c.name)) {
			t.Errorf("%s: %v does not name it", c.name, err)
		}
	}
}
