package view

import (
	"fmt"
	"io"
)

// Space is a folder of this program that takes space on a disk, and how it is
// freed.
type Space struct {
	Folder string
	Bytes  int64
	How    string
}

// FullDisk says, after the error of a full disk, what can be freed.
func FullDisk(w io.Writer, spaces []Space) error {
	widest := 0
	for _, s := range spaces {
		widest = max(widest, len(s.Folder))
	}
	text := "The disk is full. What this program keeps:\n"
	for _, s := range spaces {
		text += fmt.Sprintf("  %7s  %-*s  %s\n", bytesText(s.Bytes), widest, s.Folder, s.How)
	}
	_, err := io.WriteString(w, text+"Then the same command continues where this one stopped.\n")
	return err
}
