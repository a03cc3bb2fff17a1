package dataset

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// write makes a folder of files.
func write(t *testing.T, files map[string][]byte) string {
	t.Helper()
	folder := t.TempDir()
	for name, data := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// read catalogues files in a layout.
func read(t *testing.T, layout string, files map[string][]byte) (*catalogue, error) {
	t.Helper()
	o := testOpener(t)
	tree, err := o.open(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tree.Close() })
	c, err := findLayout(layout).read(o, tree)
	t.Cleanup(func() { _ = c.Close() })
	return c, err
}

// lines describes the items of a catalogue: part, label, name, and pixels where
// items are pixels.
func lines(t *testing.T, c *catalogue) []string {
	t.Helper()
	var out []string
	for _, it := range c.items {
		label := "-"
		if it.label >= 0 {
			label = c.labels[it.label]
		}
		line := fmt.Sprintf("%s %s %s", []string{"train", "validation", "test", "unlabelled"}[it.part], label, it.name)
		if c.raw != [3]int{} {
			pixels, err := it.read()
			if err != nil {
				t.Fatal(err)
			}
			line += fmt.Sprintf(" %d", pixels[:min(6, len(pixels))])
		}
		out = append(out, line)
	}
	return out
}

func wantLines(t *testing.T, c *catalogue, want ...string) {
	t.Helper()
	if got := lines(t, c); !slices.Equal(got, want) {
		t.Errorf("items\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// idxOf makes an idx file of bytes.
func idxOf(data []byte, dims ...int) []byte {
	out := []byte{0, 0, 8, byte(len(dims))}
	for _, d := range dims {
		out = binary.BigEndian.AppendUint32(out, uint32(d))
	}
	return append(out, data...)
}

func TestReadIDX(t *testing.T) {
	train := idxOf([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 2, 2, 3)
	c, err := read(t, "idx", map[string][]byte{
		"train-images-idx3-ubyte":    train,
		"train-labels.idx1-ubyte.gz": gzipOf(t, idxOf([]byte{2, 0}, 2)),
		"t10k-images-idx3-ubyte.zst": zstdOf(t, idxOf([]byte{9, 8, 7, 6, 5, 4}, 1, 2, 3)),
		"t10k-labels-idx1-ubyte":     idxOf([]byte{1}, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.raw != [3]int{2, 3, 1} || !slices.Equal(c.labels, []string{"0", "1", "2"}) {
		t.Errorf("shape %v, labels %v", c.raw, c.labels)
	}
	wantLines(t, c,
		"train 2 train-images-idx3-ubyte[0] [1 2 3 4 5 6]",
		"train 0 train-images-idx3-ubyte[1] [7 8 9 10 11 12]",
		"test 1 t10k-images-idx3-ubyte.zst[0] [9 8 7 6 5 4]")
}

func TestReadIDXRefuses(t *testing.T) {
	images, labels := idxOf(make([]byte, 8), 2, 2, 2), idxOf([]byte{0, 1}, 2)
	for name, c := range map[string]struct {
		files map[string][]byte
		want  string
	}{
		"no labels":     {map[string][]byte{"train-images-idx3-ubyte": images}, "no pair of train-images and train-labels"},
		"short":         {map[string][]byte{"train-images-idx3-ubyte": images[:20], "train-labels-idx1-ubyte": labels}, "has 20 bytes, its header asks for 24"},
		"counts differ": {map[string][]byte{"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": idxOf([]byte{0}, 1)}, "has dimensions [2 2 2]"},
		"floats":        {map[string][]byte{"train-images-idx3-ubyte": append([]byte{0, 0, 13}, images[3:]...), "train-labels-idx1-ubyte": labels}, "is no idx file of bytes"},
		"huge":          {map[string][]byte{"train-images-idx3-ubyte": idxOf(nil, 1<<30, 1<<30, 1<<30), "train-labels-idx1-ubyte": labels}, "dimension 1 is"},
	} {
		if _, err := read(t, "idx", c.files); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
	}
}

// planes makes three planes of n bytes, filled with r, g and b.
func planes(n int, r, g, b byte) []byte {
	return slices.Concat(bytes.Repeat([]byte{r}, n), bytes.Repeat([]byte{g}, n), bytes.Repeat([]byte{b}, n))
}

func TestReadCIFAR10(t *testing.T) {
	c, err := read(t, "cifar-binary", map[string][]byte{
		"cifar-10-batches-bin/data_batch_1.bin": slices.Concat([]byte{1}, planes(1024, 10, 20, 30), []byte{0}, planes(1024, 1, 2, 3)),
		"cifar-10-batches-bin/data_batch_2.bin": slices.Concat([]byte{2}, planes(1024, 7, 8, 9)),
		"cifar-10-batches-bin/test_batch.bin":   slices.Concat([]byte{1}, planes(1024, 4, 5, 6)),
		"cifar-10-batches-bin/batches.meta.txt": []byte("airplane\nautomobile\nbird\n\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, c,
		"train automobile cifar-10-batches-bin/data_batch_1.bin[0] [10 20 30 10 20 30]",
		"train airplane cifar-10-batches-bin/data_batch_1.bin[1] [1 2 3 1 2 3]",
		"train bird cifar-10-batches-bin/data_batch_2.bin[0] [7 8 9 7 8 9]",
		"test automobile cifar-10-batches-bin/test_batch.bin[0] [4 5 6 4 5 6]")
}

func TestReadCIFAR100UsesFineLabels(t *testing.T) {
	c, err := read(t, "cifar-binary", map[string][]byte{
		"train.bin":              slices.Concat([]byte{0, 1}, planes(1024, 10, 20, 30)),
		"test.bin":               slices.Concat([]byte{1, 0}, planes(1024, 1, 2, 3)),
		"fine_label_names.txt":   []byte("apple\naquarium_fish\n"),
		"coarse_label_names.txt": []byte("fish\nfruit\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, c,
		"train aquarium_fish train.bin[0] [10 20 30 10 20 30]",
		"test apple test.bin[0] [1 2 3 1 2 3]")
}

func TestReadCIFARRefuses(t *testing.T) {
	for want, files := range map[string]map[string][]byte{
		"which is no number of records of 3073": {"data_batch_1.bin": make([]byte, 3000), "test_batch.bin": make([]byte, 3073)},
		"record 0 has label 200 of 10 classes":  {"data_batch_1.bin": slices.Concat([]byte{200}, make([]byte, 3072)), "test_batch.bin": make([]byte, 3073)},
		"no data_batch_1.bin":                   {"data_batch_1.bin": make([]byte, 3073)},
	} {
		if _, err := read(t, "cifar-binary", files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestReadSTL10IsColumnMajor(t *testing.T) {
	// A 2x2 image: red is 1 2 over 3 4, so its plane reads 1 3 2 4.
	image := []byte{1, 3, 2, 4, 10, 30, 20, 40, 100, 130, 120, 140}
	c, err := read(t, "stl10-binary", map[string][]byte{
		"stl10_binary/train_X.bin":     image,
		"stl10_binary/train_y.bin":     {2},
		"stl10_binary/test_X.bin":      slices.Concat(image, planes(4, 5, 6, 7)),
		"stl10_binary/test_y.bin":      {1, 2},
		"stl10_binary/unlabeled_X.bin": planes(4, 8, 9, 0),
		"stl10_binary/class_names.txt": []byte("airplane\nbird\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, c,
		"train bird stl10_binary/train_X.bin[0] [1 10 100 2 20 120]",
		"test airplane stl10_binary/test_X.bin[0] [1 10 100 2 20 120]",
		"test bird stl10_binary/test_X.bin[1] [5 6 7 5 6 7]",
		"unlabelled - stl10_binary/unlabeled_X.bin[0] [8 9 0 8 9 0]")
	pixels, err := c.items[0].read()
	if want := []byte{1, 10, 100, 2, 20, 120, 3, 30, 130, 4, 40, 140}; err != nil || !bytes.Equal(pixels, want) {
		t.Errorf("pixels %v, error %v; want %v", pixels, err, want)
	}
}

func TestReadImageFolder(t *testing.T) {
	x := []byte("x")
	for name, c := range map[string]struct {
		files   map[string][]byte
		want    []string
		ignored int
	}{
		"train and test": {map[string][]byte{
			"set/train/dog/2.jpg": x, "set/train/cat/1.jpg": x, "set/test/dog/3.PNG": x, "set/unlabeled/4.jpeg": x,
			"set/README.md": x, "set/train/dog/.DS_Store": x, "set/train/dog/._2.jpg": x,
		}, []string{"test dog set/test/dog/3.PNG", "train cat set/train/cat/1.jpg", "train dog set/train/dog/2.jpg", "unlabelled - set/unlabeled/4.jpeg"}, 3},
		"val is test": {map[string][]byte{
			"train/a/1.jpg": x, "train/b/1.jpg": x, "val/a/2.jpg": x,
		}, []string{"train a train/a/1.jpg", "train b train/b/1.jpg", "test a val/a/2.jpg"}, 0},
		"val beside test": {map[string][]byte{
			"train/a/1.jpg": x, "val/a/2.jpg": x, "test/a/3.jpg": x,
		}, []string{"test a test/a/3.jpg", "train a train/a/1.jpg", "validation a val/a/2.jpg"}, 0},
		"classes alone": {map[string][]byte{
			"pets/dog/deep/1.jpg": x, "pets/cat/1.jpg": x,
		}, []string{"train cat pets/cat/1.jpg", "train dog pets/dog/deep/1.jpg"}, 0},
		"labelled beside unlabelled": {map[string][]byte{
			"labelled/a/1.jpg": x, "unlabelled/b/2.jpg": x, "unlabelled/3.jpg": x,
		}, []string{"train a labelled/a/1.jpg", "unlabelled - unlabelled/3.jpg", "unlabelled - unlabelled/b/2.jpg"}, 0},
		"classes beside unlabelled": {map[string][]byte{
			"pets/cat/1.jpg": x, "pets/dog/1.jpg": x, "pets/unlabelled/2.jpg": x,
		}, []string{"train cat pets/cat/1.jpg", "train dog pets/dog/1.jpg", "unlabelled - pets/unlabelled/2.jpg"}, 0},
		"no classes": {map[string][]byte{
			"pile/1.jpg": x, "pile/2.jpg": x,
		}, []string{"unlabelled - pile/1.jpg", "unlabelled - pile/2.jpg"}, 0},
	} {
		got, err := read(t, "image-folder", c.files)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if l := lines(t, got); !slices.Equal(l, c.want) || got.ignored != c.ignored {
			t.Errorf("%s: %d ignored and\n%s\nwant %d and\n%s", name, got.ignored, strings.Join(l, "\n"), c.ignored, strings.Join(c.want, "\n"))
		}
	}
	for want, files := range map[string]map[string][]byte{
		"holds no image files":             {"a/notes.txt": x},
		"1.jpg: lies in no folder named":   {"1.jpg": x, "a/2.jpg": x},
		"extra/a/2.jpg: lies in \"extra\"": {"train/a/1.jpg": x, "extra/a/2.jpg": x},
		"2.jpg: lies beside the train":     {"set/train/a/1.jpg": x, "2.jpg": x},
	} {
		if _, err := read(t, "image-folder", files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestReadTinyImageNet(t *testing.T) {
	x := []byte("x")
	files := map[string][]byte{
		"tiny-imagenet-200/wnids.txt":                   []byte("n02\nn01\n"),
		"tiny-imagenet-200/train/n01/images/n01_0.JPEG": x,
		"tiny-imagenet-200/train/n01/n01_boxes.txt":     x,
		"tiny-imagenet-200/train/n02/images/n02_0.JPEG": x,
		"tiny-imagenet-200/val/images/val_0.JPEG":       x,
		"tiny-imagenet-200/val/images/val_1.JPEG":       x,
		"tiny-imagenet-200/val/val_annotations.txt":     []byte("val_0.JPEG\tn02\t0\t32\t44\t62\nval_1.JPEG\tn01\t52\t55\t57\t59\n"),
		"tiny-imagenet-200/test/images/test_0.JPEG":     x,
	}
	c, err := read(t, "tiny-imagenet", files)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, c,
		"train n01 tiny-imagenet-200/train/n01/images/n01_0.JPEG",
		"train n02 tiny-imagenet-200/train/n02/images/n02_0.JPEG",
		"test n02 tiny-imagenet-200/val/images/val_0.JPEG",
		"test n01 tiny-imagenet-200/val/images/val_1.JPEG")
	files["tiny-imagenet-200/val/images/val_2.JPEG"] = x
	if _, err := read(t, "tiny-imagenet", files); err == nil || !strings.Contains(err.Error(), "val_2.JPEG is not in val_annotations.txt") {
		t.Errorf("without annotation: error %v", err)
	}
	delete(files, "tiny-imagenet-200/val/val_annotations.txt")
	if _, err := read(t, "tiny-imagenet", files); err == nil || !strings.Contains(err.Error(), "has no val/val_annotations.txt") {
		t.Errorf("without annotations: error %v", err)
	}
}
