package digests

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	// Of "one", "two" and "three".
	one   = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
	two   = "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"
	three = "8b5b9db0c13db24256c829aa364aa90c6d2eba318b9232a4ab9313b954d3555f"
)

// desk is a file with a cache, for which an hour goes by when it is told so.
type desk struct {
	t           *testing.T
	file, cache string
	later       time.Duration
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, file: filepath.Join(t.TempDir(), "data"), cache: filepath.Join(t.TempDir(), "digests.json")}
	d.write("one")
	return d
}

func (d *desk) write(content string) {
	d.t.Helper()
	if err := os.WriteFile(d.file, []byte(content), 0o644); err != nil {
		d.t.Fatal(err)
	}
}

// digest is what a process finds, which then remembers so many files.
func (d *desk) digest(want string, remembered int) {
	d.t.Helper()
	c := New(d.cache)
	c.now = func() time.Time { return time.Now().Add(d.later) }
	got, err := c.SHA256(d.file)
	if err != nil || got != want {
		d.t.Errorf("digest %.8s, want %.8s; error %v", got, want, err)
	}
	if err := c.Save(); err != nil {
		d.t.Fatal(err)
	}
	c = New(d.cache)
	c.load()
	if len(c.known) != remembered {
		d.t.Errorf("%d files are remembered, want %d", len(c.known), remembered)
	}
}

// spoil makes the cache's own file tell of another content, to see who believes it.
func (d *desk) spoil() {
	d.t.Helper()
	c := New(d.cache)
	c.load()
	for path, s := range c.known {
		s.SHA256 = three
		c.keep(path, s)
	}
	if err := c.Save(); err != nil {
		d.t.Fatal(err)
	}
}

func TestFileIsReadOnce(t *testing.T) {
	d := newDesk(t)
	d.later = time.Hour
	d.digest(one, 1)
	d.spoil()
	d.digest(three, 1) // from memory
}

func TestChangesAreSeen(t *testing.T) {
	for name, change := range map[string]func(d *desk){
		"content of the same size": func(d *desk) { d.write("two") },
		"with its old time": func(d *desk) {
			info, err := os.Stat(d.file)
			if err != nil {
				d.t.Fatal(err)
			}
			d.write("two")
			if err := os.Chtimes(d.file, info.ModTime(), info.ModTime()); err != nil {
				d.t.Fatal(err)
			}
		},
		"another file in its place": func(d *desk) {
			info, err := os.Stat(d.file)
			if err != nil {
				d.t.Fatal(err)
			}
			other := d.file + ".new"
			if err := os.WriteFile(other, []byte("two"), 0o644); err != nil {
				d.t.Fatal(err)
			}
			if err := os.Chtimes(other, info.ModTime(), info.ModTime()); err != nil {
				d.t.Fatal(err)
			}
			if err := os.Rename(other, d.file); err != nil {
				d.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.later = time.Hour
			d.digest(one, 1)
			d.spoil()
			change(d)
			d.digest(two, 1)
		})
	}
}

// A second change within the granularity of the clock would leave no trace.
func TestFreshFileIsNotRemembered(t *testing.T) {
	d := newDesk(t)
	d.later = settled - 10*time.Second
	d.digest(one, 0)
	d.later = settled + 10*time.Second
	d.digest(one, 1)
}

func TestDamagedCacheIsEmpty(t *testing.T) {
	for name, damage := range map[string]func(text []byte) []byte{
		"cut short":     func(text []byte) []byte { return text[:len(text)/2] },
		"another digit": func(text []byte) []byte { return bytes.Replace(text, []byte(one[:8]), []byte(two[:8]), 1) },
		"not JSON":      func([]byte) []byte { return []byte("\x00\x01") },
		"empty":         func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			d.later = time.Hour
			d.digest(one, 1)
			text, err := os.ReadFile(d.cache)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(d.cache, damage(text), 0o644); err != nil {
				t.Fatal(err)
			}
			d.digest(one, 1)
		})
	}
}

// No folder is made, and what cannot be read is told.
func TestNothingElseIsTouched(t *testing.T) {
	d := newDesk(t)
	d.later = time.Hour
	d.cache = filepath.Join(t.TempDir(), "none", "digests.json")
	d.digest(one, 0)
	if _, err := os.Stat(filepath.Dir(d.cache)); !os.IsNotExist(err) {
		t.Errorf("the folder of the cache: %v", err)
	}
	if _, err := New(d.cache).SHA256(d.file + "?"); !os.IsNotExist(err) {
		t.Errorf("error %v", err)
	}
}
