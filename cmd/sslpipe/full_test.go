package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestFullDisk(t *testing.T) {
	for _, c := range []struct {
		err  error
		full bool
	}{
		{fmt.Errorf("store result: %w", &os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), true},
		{errors.Join(errors.New("a"), syscall.EDQUOT), true},
		{errors.New("save checkpoint x: weights.data; No space left on device"), true},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.EIO}, false},
	} {
		if fullDisk(c.err) != c.full {
			t.Errorf("%v: a full disk is %v", c.err, !c.full)
		}
	}
}

// What can be freed is told with its size, also where a folder is not there.
func TestTellSpace(t *testing.T) {
	state := t.TempDir()
	object := filepath.Join(state, "cache", "objects")
	if err := errors.Join(os.MkdirAll(object, 0o777), os.WriteFile(filepath.Join(object, "x"), make([]byte, 1<<20), 0o666)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (&settings{State: state, Models: filepath.Join(state, "none")}).tellSpace(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1.05 MB  " + filepath.Join(state, "cache"), "sslpipe cache gc --work", "    0 B  " + filepath.Join(state, "none")} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, &out)
		}
	}
}
