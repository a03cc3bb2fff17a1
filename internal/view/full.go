package view

import (
	"fmt"
	"io"
	"strings"
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
	var text strings.Builder
	text.WriteString("The disk is full. What this program keeps:\n")
	for _, s := range spaces {
		fmt.Fprintf(&text, "  %7s  %-*s  %s\n", bytesText(s.Bytes), widest, s.Folder, s.How)
	}
	text.WriteString("When there is space, the same command continues where this one stopped.\n")
	_, err := io.WriteString(w, text.String())
	return err
}
