package bundle

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzImport reads whatever it is given. It must not panic, hang or write outside of
// its folder; what it accepts is what the manifest says.
func FuzzImport(f *testing.F) {
	good, _ := written(f, contents)
	f.Add(good, false)
	f.Add(good[:len(good)/2], false)
	f.Add([]byte{}, false)
	for _, list := range [][]entry{
		{manifest(f, listed("config.json", "{}")), file("config.json", "{}")},
		{manifest(f, listed("config.json", "{}")), file("../config.json", "{}")},
		{manifest(f, listed("source/a/b.hcl", "x")), file("source/a/b.hcl", "x")},
		{file(ManifestFile, `{"format": 2}`)},
	} {
		f.Add(unpackedOf(f, packed(f, list...)), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, pack bool) {
		if pack { // so that what is mutated is the archive, and not its packing
			data = stored(data)
		}
		got := map[string]string{}
		m, err := Read(bytes.NewReader(data), int64(len(data)), func(file File) (io.WriteCloser, error) {
			if !filepath.IsLocal(file.Name) || got[file.Name] != "" {
				t.Fatalf("%q would be written", file.Name)
			}
			return &kept{name: file.Name, to: got}, nil
		})
		if err != nil {
			if _, refused := errors.AsType[*RefusedError](err); !refused {
				t.Errorf("error %v", err)
			}
			return
		}
		if len(got) != len(m.Files) {
			t.Errorf("%d files are read, %d are listed", len(got), len(m.Files))
		}
		for _, file := range m.Files {
			if text := got[file.Name]; int64(len(text)) != file.Size || digestOf([]byte(text)) != file.SHA256 {
				t.Errorf("%s is not what is listed", file.Name)
			}
		}
		parent := t.TempDir()
		dir := filepath.Join(parent, "in", "side")
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		_, err = Unpack(bytes.NewReader(data), int64(len(data)), dir)
		for path := range tree(t, parent) {
			if !strings.HasPrefix(path, "in/side/") {
				t.Fatalf("%s was written", path)
			}
		}
		if unpacked := tree(t, dir); err == nil {
			delete(unpacked, ManifestFile)
			if diff := cmp.Diff(got, unpacked); diff != "" {
				t.Errorf("files (-read +unpacked):\n%s", diff)
			}
		}
	})
}

// stored is a Zstandard frame that holds data as it is.
func stored(data []byte) []byte {
	out := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3} // a window of 8 MiB
	for {
		n := min(len(data), 128<<10)
		header := n << 3
		if n == len(data) {
			header |= 1
		}
		out = append(append(out, byte(header), byte(header>>8), byte(header>>16)), data[:n]...)
		if data = data[n:]; header&1 == 1 {
			return out
		}
	}
}
