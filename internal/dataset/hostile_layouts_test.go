package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// sized is a tree of files that are as long as they say and hold nothing but their
// first bytes: what would be gigabytes is not there.
type sized map[string]sizedFile

type sizedFile struct {
	head   []byte
	length int64
}

func (s sized) names() []string {
	var names []string
	for name := range s {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s sized) size(name string) (int64, error) { return s[name].length, nil }
func (s sized) Close() error                    { return nil }

func (s sized) open(name string) (blob, error) {
	f := s[name]
	first, rest := make([]byte, 1<<16), make([]byte, 1<<16)
	copy(first, f.head)
	return &generated{length: f.length, block: 1 << 16, at: func(n int64) []byte {
		if n == 0 {
			return first
		}
		return rest
	}}, nil
}

// Sets whose sizes are right and whose lists would not fit into memory are refused
// before there is a list.
func TestLayoutsOfTooManyImages(t *testing.T) {
	const many = 3_000_000
	for layout, files := range map[string]sized{
		"idx": {
			"train-images-idx3-ubyte": {idxOf(nil, many, 1, 1), 16 + many}, "train-labels-idx1-ubyte": {idxOf(nil, many), 8 + many},
		},
		"cifar-binary": {"data_batch_1.bin": {nil, 3073 * many}, "test_batch.bin": {nil, 3073}},
		"stl10-binary": {
			"train_X.bin": {nil, 3 * many}, "train_y.bin": {nil, many}, "test_X.bin": {nil, 3}, "test_y.bin": {nil, 1},
		},
	} {
		c, err := findLayout(layout).catalogue(testOpener(t), files)
		if err == nil || !strings.Contains(err.Error(), "has 3000000 images, more than 2000000") || len(c.items) > 0 {
			t.Errorf("%s: %d images, error %v", layout, len(c.items), err)
		}
	}
}

func TestLayoutsThatLie(t *testing.T) {
	images, labels := idxOf(make([]byte, 8), 2, 2, 2), idxOf([]byte{0, 1}, 2)
	one := slices.Concat([]byte{0}, planes(1024, 1, 2, 3))
	x := []byte("x")
	for name, c := range map[string]struct {
		layout string
		files  memory
		want   string
	}{
		"idx, overflow":            {"idx", memory{"train-images-idx3-ubyte": idxOf(nil, 1<<31-1, 1<<31-1, 1<<31-1), "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: dimension 1 is 2147483647"},
		"idx, negative":            {"idx", memory{"train-images-idx3-ubyte": idxOf(nil, 1<<32-1, 2, 2), "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: dimension 0 is 4294967295"},
		"idx, empty":               {"idx", memory{"train-images-idx3-ubyte": idxOf(nil, 0, 2, 2), "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: dimension 0 is 0"},
		"idx, a byte more":         {"idx", memory{"train-images-idx3-ubyte": append(slices.Clone(images), 0), "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: has 25 bytes, its header asks for 24"},
		"idx, labels cut":          {"idx", memory{"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": labels[:9]}, "train-labels-idx1-ubyte: has 9 bytes, its header asks for 10"},
		"idx, header cut":          {"idx", memory{"train-images-idx3-ubyte": images[:7], "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: is no idx file"},
		"idx, 2 channels":          {"idx", memory{"train-images-idx3-ubyte": idxOf(make([]byte, 16), 2, 2, 2, 2), "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte has images of [2 2 2]"},
		"idx, packed and cut":      {"idx", memory{"train-images-idx3-ubyte": gzipOf(t, images)[:20], "train-labels-idx1-ubyte": labels}, "train-images-idx3-ubyte: unexpected EOF"},
		"cifar, one byte short":    {"cifar-binary", memory{"data_batch_1.bin": one[:3072], "test_batch.bin": one}, "data_batch_1.bin: has 3072 bytes, which is no number of records of 3073"},
		"cifar, label":             {"cifar-binary", memory{"data_batch_1.bin": one, "test_batch.bin": slices.Concat([]byte{2}, one[1:]), "batches.meta.txt": []byte("a\nb\n")}, "test_batch.bin: record 0 has label 2 of 2 classes (a, b)"},
		"cifar, no names":          {"cifar-binary", memory{"data_batch_1.bin": one, "test_batch.bin": one, "batches.meta.txt": nil}, "data_batch_1.bin: record 0 has label 0 of 0 classes"},
		"cifar, a line for ever":   {"cifar-binary", memory{"data_batch_1.bin": one, "test_batch.bin": one, "batches.meta.txt": make([]byte, 1<<17)}, "batches.meta.txt: bufio.Scanner: token too long"},
		"stl, label 0":             {"stl10-binary", memory{"train_X.bin": planes(4, 1, 2, 3), "train_y.bin": {0}, "test_X.bin": x, "test_y.bin": x}, "train_X.bin: label of image 0 is 0, labels start at 1"},
		"stl, no labels":           {"stl10-binary", memory{"train_X.bin": planes(4, 1, 2, 3), "train_y.bin": nil, "test_X.bin": x, "test_y.bin": x}, "train_X.bin: has no labels"},
		"stl, no square":           {"stl10-binary", memory{"train_X.bin": planes(5, 1, 2, 3), "train_y.bin": {1}, "test_X.bin": x, "test_y.bin": x}, "train_X.bin: has 15 bytes for 1 images of 12"},
		"stl, too few names":       {"stl10-binary", memory{"train_X.bin": planes(4, 1, 2, 3), "train_y.bin": {3}, "test_X.bin": planes(4, 1, 2, 3), "test_y.bin": {1}, "class_names.txt": []byte("a\nb")}, "class_names.txt: has 2 classes, and there is label 3"},
		"tiny, annotations broken": {"tiny-imagenet", memory{"train/n1/1.JPEG": x, "val/2.JPEG": x, "val/val_annotations.txt": []byte("2.JPEG n1\n")}, "val/val_annotations.txt:1: no image and class separated by a tab"},
		"tiny, class unknown":      {"tiny-imagenet", memory{"train/n1/1.JPEG": x, "val/2.JPEG": x, "val/val_annotations.txt": []byte("2.JPEG\t\x1b[2J\n")}, `val/2.JPEG is of class "\x1b[2J", which has no training images`},
	} {
		list, err := findLayout(c.layout).catalogue(testOpener(t), c.files)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if err := list.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A folder of pixels that others may have made is refused by whatever would crash
// or mislead later.
func TestOpenRefusesLies(t *testing.T) {
	const meta = `{"name":"x","shape":[2,2,1],"classes":["a","b"],"splits":{"test":1,"train":2},"mean":[0.5],"std":[0.1]}`
	const splits = `{"train":[0,1],"test":[2]}`
	changed := func(from, to string) string { return strings.Replace(meta, from, to, 1) }
	for name, c := range map[string]struct{ meta, splits, want string }{
		"good":                 {meta, splits, ""},
		"negative sides":       {changed("[2,2,1]", "[-2,-2,1]"), splits, "meta.json: images of shape [-2 -2 1]"},
		"overflowing sides":    {changed("[2,2,1]", "[4294967296,4294967297,1]"), splits, "meta.json: images of shape"},
		"four channels":        {changed("[2,2,1]", "[1,1,4]"), splits, "meta.json: images of shape [1 1 4]"},
		"no mean":              {changed("[0.5]", "[]"), splits, "meta.json: mean [] and standard deviation [0.1] of 1 channels"},
		"no spread":            {changed("[0.1]", "[0]"), splits, "meta.json: mean [0.5] and standard deviation [0] of 1 channels"},
		"class with escape":    {changed(`"a"`, `"\u001b[2J"`), splits, `the class "\x1b[2J" cannot be shown`},
		"a split less":         {meta, `{"train":[0,1]}`, "splits.json has 1 splits, meta.json names 2"},
		"another split":        {meta, `{"train":[0,1],"\u001b":[2]}`, `splits.json has 1 "\x1b" images, meta.json says 0`},
		"an image twice":       {meta, `{"train":[1,1],"test":[2]}`, "splits.json: train images 1 and 1 are out of order"},
		"an image too far":     {meta, `{"train":[0,1],"test":[3]}`, "splits.json: test image 3 of 3"},
		"an image before all":  {meta, `{"train":[-1,1],"test":[2]}`, "splits.json: train image -1 of 3"},
		"an image of 2^64":     {meta, `{"train":[18446744073709551616,1],"test":[2]}`, "splits.json: json: cannot unmarshal number"},
		"more than one can be": {changed("[2,2,1]", "[16384,4096,1]"), splits, "images.u8 has 12 bytes, its description asks for 201326592"},
	} {
		dir := t.TempDir()
		for file, data := range map[string]string{metaFile: c.meta, splitsFile: c.splits, reportFile: "{}", labelsFile: strings.Repeat("\x00", 12), imagesFile: "0123456789ab"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(data), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		d, err := Open(dir)
		if (c.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", name, err, c.want)
		}
		if err == nil {
			err = d.Close()
			if err != nil {
				t.Error(err)
			}
		}
	}
}
