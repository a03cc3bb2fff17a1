package dataset

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/text/unicode/norm"
)

// smallLimits are defaultLimits scaled down, so that a fuzzer reaches them. What
// they allow stays in memory.
var smallLimits = limits{entries: 16, bytes: 1 << 20, ratio: 50, documents: 64, document: 1 << 10}

// fuzzOpener opens without a place to write to.
func fuzzOpener(t *testing.T) opener {
	return opener{ctx: t.Context(), scratch: "/nowhere", limits: smallLimits, report: func(int64, int64) {}}
}

// memory is a tree of files in memory.
type memory map[string][]byte

func (m memory) names() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (m memory) size(name string) (int64, error) { return int64(len(m[name])), nil }
func (m memory) Close() error                    { return nil }

func (m memory) open(name string) (blob, error) {
	data, ok := m[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return sectionBlob{io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))}, nil
}

// list lists files in a layout and checks what every caller relies on: pixels of
// the stated shape, labels that exist and can be shown, errors that name a file.
func list(t *testing.T, layout string, files memory) *catalogue {
	c, err := findLayout(layout).catalogue(fuzzOpener(t), files)
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		named := strings.Contains(err.Error(), "the class ") || strings.HasPrefix(err.Error(), "holds no ")
		for name := range files {
			named = named || strings.Contains(err.Error(), shown(name)) || strings.Contains(err.Error(), path.Base(name))
		}
		if !named || !printable(err.Error()) {
			t.Errorf("the error names no file, or cannot be shown: %q", err)
		}
		return nil
	}
	for _, it := range c.items {
		if it.label < -1 || it.label >= len(c.labels) {
			t.Fatalf("%s has label %d of %d", it.name, it.label, len(c.labels))
		}
		if data, err := it.read(); err != nil || c.raw != [3]int{} && len(data) != c.raw[0]*c.raw[1]*c.raw[2] {
			t.Fatalf("%s has %d bytes, error %v; its shape is %v", it.name, len(data), err, c.raw)
		}
	}
	return c
}

func FuzzIDX(f *testing.F) {
	f.Add(idxOf(make([]byte, 8), 2, 2, 2), idxOf([]byte{0, 1}, 2))
	f.Add(idxOf(make([]byte, 12), 1, 2, 2, 3), gzipOf(f, idxOf([]byte{255}, 1)))
	f.Add(zstdOf(f, idxOf(make([]byte, 8), 2, 2, 2)), idxOf([]byte{0, 1}, 2))
	f.Add(idxOf(nil, 1<<30, 1<<30, 1<<30), idxOf([]byte{0, 1}, 1<<31-1))
	f.Add([]byte{0, 0, 13, 3}, []byte{})
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		list(t, "idx", memory{"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels})
	})
}

func FuzzCIFAR(f *testing.F) {
	one := slices.Concat([]byte{1}, planes(1024, 1, 2, 3))
	f.Add(one, one, []byte("cat\ndog\n"), false)
	f.Add(slices.Concat(one, one), one[:100], []byte{}, false)
	f.Add(slices.Concat([]byte{0}, one), slices.Concat([]byte{0}, one), []byte("a\nb"), true)
	f.Fuzz(func(t *testing.T, train, test, names []byte, hundred bool) {
		files := memory{"data_batch_1.bin": train, "test_batch.bin": test, "batches.meta.txt": names}
		if hundred {
			files = memory{"train.bin": train, "test.bin": test, "fine_label_names.txt": names}
		}
		if len(names) == 0 {
			delete(files, "batches.meta.txt")
			delete(files, "fine_label_names.txt")
		}
		list(t, "cifar-binary", files)
	})
}

func FuzzSTL10(f *testing.F) {
	f.Add(planes(4, 1, 2, 3), []byte{1}, planes(4, 1, 2, 3), []byte("airplane\n"))
	f.Add(planes(9, 1, 2, 3), []byte{1, 2, 3}, []byte{}, []byte{})
	f.Add(planes(1, 1, 2, 3), []byte{0}, planes(2, 1, 2, 3), []byte("\x1b[2J"))
	f.Fuzz(func(t *testing.T, images, labels, unlabelled, names []byte) {
		list(t, "stl10-binary", memory{
			"train_X.bin": images, "train_y.bin": labels, "test_X.bin": images, "test_y.bin": labels,
			"unlabeled_X.bin": unlabelled, "class_names.txt": names,
		})
	})
}

func FuzzTinyImageNet(f *testing.F) {
	f.Add("t/train/n1/images/1.JPEG\nt/val/images/2.JPEG", "2.JPEG\tn1\t0\t0")
	f.Add("train/n1/1.JPEG\nval/2.JPEG\nval/3.JPEG", "2.JPEG n1")
	f.Add("val/2.JPEG", "\t\n2.JPEG\t\x1b[2J")
	f.Fuzz(func(t *testing.T, names, annotations string) {
		files := named(names)
		files["val/val_annotations.txt"] = []byte(annotations)
		list(t, "tiny-imagenet", files)
	})
}

// named makes files of one byte from lines, leaving out what no folder holds.
func named(lines string) memory {
	files := memory{}
	for name := range strings.SplitSeq(lines, "\n") {
		if fs.ValidPath(name) && name != "." && len(name) < 4096 {
			files[name] = []byte("x")
		}
	}
	return files
}

func FuzzImageFolder(f *testing.F) {
	for _, names := range []string{
		"train/a/1.jpg\ntrain/b/2.jpg\nval/a/3.jpg", "1.jpg", "a/1.jpg\nb/2.png\nunlabelled/3.gif", "pile/1.jpg\npile/2.jpg",
		"a/1.jpg\nA/1.jpg", "caf\u00e9/1.jpg\ncafe\u0301/1.jpg", "train/\x1b[2J/1.jpg", "test/1.jpg\n.DS_Store\na/b/c/d/e.JPG",
		"train/train/1.jpg\nval/train/2.jpg", strings.Repeat("long", 100) + "/1.jpg",
	} {
		f.Add(names)
	}
	f.Fuzz(func(t *testing.T, names string) {
		mapped, images := fstest.MapFS{}, 0
		for name, data := range named(names) {
			mapped[name] = &fstest.MapFile{Data: data}
		}
		walked, err := newFolder(mapped, nil)
		if err != nil {
			return // a file in the place of a folder
		}
		files := memory{}
		for _, name := range walked.names() {
			files[name] = []byte("x")
			if isImageName(name) {
				images++
			}
		}
		c := list(t, "image-folder", files)
		if c == nil {
			return
		}
		if len(c.items) != images || c.ignored != len(files)-images {
			t.Errorf("%d images and %d others, want %d and %d", len(c.items), c.ignored, images, len(files)-images)
		}
		for i, label := range c.labels {
			if !norm.NFC.IsNormalString(label) || i > 0 && c.labels[i-1] >= label {
				t.Errorf("labels %q", c.labels)
			}
		}
		s := Survey{}
		if s.count(c); s.Images() != images {
			t.Errorf("the survey counts %d of %d images", s.Images(), images)
		}
	})
}

func FuzzOpen(f *testing.F) {
	const meta = `{"name":"x","shape":[2,2,1],"classes":["a","b"],"splits":{"train":2,"test":1},"mean":[0.5],"std":[0.1]}`
	f.Add(meta, `{"train":[0,1],"test":[2]}`, []byte{0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255}, uint16(12))
	f.Add(strings.Replace(meta, "[2,2,1]", "[-2,-2,1]", 1), `{"train":[0,1],"test":[2]}`, make([]byte, 12), uint16(12))
	f.Add(strings.Replace(meta, "[2,2,1]", "[4294967296,4294967296,1]", 1), `{"train":[1,0],"test":[2]}`, make([]byte, 12), uint16(0))
	f.Add(strings.Replace(meta, `"a"`, `"\u001b[2J"`, 1), `{"train":[0,9],"test":[-1]}`, make([]byte, 11), uint16(11))
	f.Add(`{"shape":[1,1,3],"std":[1e400,0,0]}`, `null`, []byte{}, uint16(0))
	f.Fuzz(func(t *testing.T, meta, splits string, labels []byte, size uint16) {
		dir := t.TempDir()
		for name, data := range map[string][]byte{metaFile: []byte(meta), splitsFile: []byte(splits), reportFile: []byte("{}"), labelsFile: labels, imagesFile: make([]byte, size)} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d, err := Open(dir)
		if err != nil {
			if !strings.Contains(err.Error(), ".json") && !strings.Contains(err.Error(), labelsFile) && !strings.Contains(err.Error(), imagesFile) {
				t.Errorf("the error names no file: %v", err)
			}
			return
		}
		defer func() { _ = d.Close() }()
		sum := 0
		for split, n := range d.Meta.Splits {
			indices, err := d.Split(split)
			if err != nil || len(indices) != n {
				t.Fatalf("split %q: %d images of %d, error %v", split, len(indices), n, err)
			}
			for _, i := range indices {
				if l := d.Label(i); l < -1 || int(l) >= len(d.Meta.Classes) {
					t.Fatalf("label %d of %d", l, len(d.Meta.Classes))
				}
				for _, v := range d.Image(i) {
					sum += int(v)
				}
			}
		}
		_ = fmt.Sprint(sum, d.Meta.Mean[d.Meta.Shape[2]-1], d.Meta.Std[d.Meta.Shape[2]-1])
	})
}
