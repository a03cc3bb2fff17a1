package main

import (
	"errors"
	"io"
	"path/filepath"
	"strings"
	"syscall"

	"sslpipe/internal/artifact"
	"sslpipe/internal/view"
)

// fullDisk tells whether there was no more space for what was to be written.
// Errors of TensorFlow, and of the library that draws PDF, are text.
func fullDisk(err error) bool {
	text := strings.ToLower(err.Error())
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		strings.Contains(text, "no space left on device") || strings.Contains(text, "disk quota exceeded")
}

// tellSpace says what can be freed, and how.
func (s *settings) tellSpace(w io.Writer) error {
	var spaces []view.Space
	for _, folder := range []struct{ path, how string }{
		{filepath.Join(s.State, "cache"), "sslpipe cache gc shows what nothing needs"},
		{filepath.Join(s.State, "work"), "sslpipe cache gc --work, also unfinished work"},
		{filepath.Join(s.State, "downloads"), "sslpipe cache gc --downloads, also data"},
		{s.runs(), "old runs' folders, by hand"},
		{s.Models, "published models, by hand"},
	} {
		taken, err := artifact.Measure(folder.path)
		if err != nil {
			return err
		}
		spaces = append(spaces, view.Space{Folder: folder.path, Bytes: taken.Usage.Disk, How: folder.how})
	}
	return view.FullDisk(w, spaces)
}
