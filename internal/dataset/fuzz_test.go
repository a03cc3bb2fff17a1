package dataset

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
)

// Whatever the files of a prepared folder hold, opening it is a data set of which
// every image can be read, or an error that names a file.
func FuzzOpen(f *testing.F) {
	const meta = `{"name":"x","shape":[2,2,1],"classes":["a","b"],"splits":{"train":2,"test":1},"mean":[0.5],"std":[0.2]}`
	const splits = `{"train":[0,2],"test":[1]}`
	labels := []byte{0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255}
	f.Add([]byte(meta), []byte(splits), []byte(`{"images":3}`), labels)
	f.Add([]byte(strings.Replace(meta, "[2,2,1]", "[-2,-2,1]", 1)), []byte(splits), []byte(`{}`), labels)
	f.Add([]byte(strings.Replace(meta, "[2,2,1]", "[4294967296,4294967296,4]", 1)), []byte(splits), []byte(`{}`), labels)
	f.Add([]byte(meta), []byte(`{"train":[0,99999999999]}`), []byte(`null`), labels[:4])
	f.Fuzz(func(t *testing.T, meta, splits, report, labels []byte) {
		dir := t.TempDir()
		for name, text := range map[string][]byte{metaFile: meta, splitsFile: splits, reportFile: report, labelsFile: labels, imagesFile: nil} {
			if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var m artifact.DatasetMeta
		_ = json.Unmarshal(meta, &m)
		// The pixels are as many as is said, where that is little.
		if n := int64(m.Shape[0]*m.Shape[1]*m.Shape[2]) * int64(len(labels)/4); n > 0 && n < 1<<20 {
			if err := os.Truncate(filepath.Join(dir, imagesFile), n); err != nil {
				t.Fatal(err)
			}
		}
		d, err := Open(dir)
		if err != nil {
			named := func(file string) bool { return strings.Contains(err.Error(), file) }
			if !named(metaFile) && !named(splitsFile) && !named(reportFile) && !named(labelsFile) && !named(imagesFile) {
				t.Errorf("the error names no file: %v", err)
			}
			return
		}
		for name := range d.splits {
			indices, err := d.Split(name)
			if err != nil {
				t.Error(err)
			}
			d.Digest(indices)
			for _, i := range indices {
				if want := d.Meta.Shape[0] * d.Meta.Shape[1] * d.Meta.Shape[2]; len(d.Image(i)) != want || d.Label(i) < -1 {
					t.Errorf("image %d has %d bytes, want %d", i, len(d.Image(i)), want)
				}
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
}
