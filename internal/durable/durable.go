// Package durable writes files so that they are on the disk, and not only on their
// way there, when a function returns: a power cut afterwards takes nothing of them.
//
// It refuses to replace what is there whole: callers write beside it, and rename.
package durable

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// WriteFile writes a file, new or in place of what it held.
func WriteFile(path string, data []byte) error { return Copy(path, bytes.NewReader(data)) }

// Copy writes what r gives to a file, new or in place of what it held.
func Copy(path string, r io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Sync(), f.Close())
}

// SyncFolder makes what was created, renamed and removed in a folder survive a power
// cut.
func SyncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
