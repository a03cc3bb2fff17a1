package dataset

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/artifact"
)

// mappedSet opens 12 images of 64x64 pixels that all hold the image's number: each is
// a page of the file.
func mappedSet(t *testing.T) (d *Dataset, file string) {
	t.Helper()
	var images, labels []byte
	for i := range 12 {
		images = append(images, bytes.Repeat([]byte{byte(i)}, 64*64)...)
		labels = append(labels, byte(i%2))
	}
	folder, dir := write(t, map[string][]byte{
		"train-images-idx3-ubyte": idxOf(images, 12, 64, 64), "train-labels-idx1-ubyte": idxOf(labels, 12),
		"t10k-images-idx3-ubyte": idxOf(images[:4*64*64], 4, 64, 64), "t10k-labels-idx1-ubyte": idxOf(labels[:4], 4),
	}), t.TempDir()
	if _, err := Prepare(context.Background(), Source{Path: folder, Layout: "idx"}, t.TempDir(), dir, Watch{}); err != nil {
		t.Fatal(err)
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, filepath.Join(dir, imagesFile)
}

// A page that is gone is a signal, which would end the process.
func TestFileThatIsCutShortIsAnError(t *testing.T) {
	d, file := mappedSet(t)
	if err := os.Truncate(file, 3*64*64); err != nil {
		t.Fatal(err)
	}
	const want = "its images cannot be read any more: the file was cut short, or its disk fails"
	last := d.Len() - 1
	pixels := make([]byte, 2*64*64)
	if err := d.Fill(pixels, []int{1, last}); err == nil || err.Error() != "read data set "+d.Meta.Name+": "+want {
		t.Errorf("error %v", err)
	}
	d.Expect([]int{1, last})
	if err := d.Fill(pixels, []int{2, 1}); err != nil {
		t.Errorf("images that are there: %v", err)
	}
	all := Part{Name: "all", Data: d, Indices: []int{0, 1, last}}
	if _, err := FindOverlap(context.Background(), all, all); err == nil || err.Error() != "compare all with all: "+want {
		t.Errorf("error %v", err)
	}
}

// Only the files are guarded, not what else goes wrong.
func TestGuardLetsMistakesThrough(t *testing.T) {
	for name, mistake := range map[string]func(){
		"index":       func() { _ = os.Args[len(os.Args)] },
		"nil pointer": func() { var m *artifact.DatasetMeta; _ = m.Name },
		"panic":       func() { panic("on purpose") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("there was no panic")
				}
			}()
			if err := guarded(mistake); err != nil {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestExpectedImagesAreTheSame(t *testing.T) {
	d, _ := mappedSet(t)
	order := Shuffled(d.Len(), 1, 0)
	got := make([]byte, len(order)*64*64)
	d.Expect(order)
	if err := d.Fill(got, order); err != nil {
		t.Fatal(err)
	}
	for n, i := range order {
		if !bytes.Equal(got[n*64*64:(n+1)*64*64], d.Image(i)) {
			t.Errorf("place %d does not hold image %d", n, i)
		}
	}
}
