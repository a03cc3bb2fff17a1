package view

import (
	"fmt"
	"io"

	"sslpipe/internal/bundle"
)

// Exported tells what was written into a bundle.
func Exported(w io.Writer, path string, b *bundle.Written) error {
	_, err := fmt.Fprintf(w, "%s: %s, %s (%s unpacked)\nsha256 %s\n",
		path, plural(len(b.Manifest.Files), "file"), bytesText(b.Size), bytesText(b.Manifest.Size()), b.SHA256)
	return err
}

// BundleList writes what is in a bundle of some size and digest.
func BundleList(w io.Writer, m *bundle.Manifest, packed int64, digest string, s Style) error {
	fmt.Fprintf(w, "A run of %s, written by %s: %s, %s (%s unpacked)\nsha256 %s\n\n",
		m.Pipeline, m.Program, plural(len(m.Files), "file"), bytesText(packed), bytesText(m.Size()), digest)
	g := grid{columns: []column{{header: "size"}, {header: "file", left: true}}}
	for _, f := range m.Files {
		g.rows = append(g.rows, []entry{{text: bytesText(f.Size)}, {text: f.Name}})
	}
	return g.writeTerminal(w, s)
}

// Imported tells under which name a run was imported, and whether it was before.
func Imported(w io.Writer, name, dir string, fresh bool) error {
	if !fresh {
		_, err := fmt.Fprintf(w, "This bundle was imported before, as %s. Nothing was changed.\n", name)
		return err
	}
	_, err := fmt.Fprintf(w, "Imported as %s, in %s.\nIts numbers: sslpipe show %s\nTo run it again and compare: sslpipe verify %s\n", name, dir, name, name)
	return err
}
