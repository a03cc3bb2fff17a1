package dataset

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// imageFolder makes train and test folders of two classes with n training
// images each, distinct by their level of grey.
func imageFolder(t *testing.T, n int) map[string][]byte {
	t.Helper()
	flat := func(v int) []byte {
		return pngOf(t, paint(image.NewGray(image.Rect(0, 0, 8, 8)), func(int, int) color.Color { return color.Gray{uint8(v)} }))
	}
	files := map[string][]byte{}
	for c, class := range []string{"cat", "dog"} {
		for i := range n {
			files[fmt.Sprintf("train/%s/%03d.png", class, i)] = flat(100*c + i)
		}
		files["test/"+class+"/0.png"] = flat(210 + c)
	}
	return files
}

func TestPrepareImageFolder(t *testing.T) {
	tftest.Load(t)
	files := imageFolder(t, 60)
	files["train/cat/broken.jpg"] = files["train/cat/000.png"][:30]
	files["train/dog/notes.txt"] = []byte("text")
	files["train/dog/again.png"] = files["test/cat/0.png"]
	d := prepare(t, Source{Path: write(t, files), Layout: "image-folder", ValidationPerClass: 5, ImageSize: 4, Channels: 1})
	if got := fmt.Sprint(d.Meta.Shape, d.Meta.Classes, d.Meta.Splits); got != "[4 4 1] [cat dog] map[test:2 train:110 unlabelled:110 validation:10]" {
		t.Error(got)
	}
	train, err := d.Split(Train)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range train {
		if got := d.Image(i); bytes.Count(got, got[:1]) != 16 || int(got[0])/100 != int(d.Label(i)) {
			t.Errorf("image %d of class %d holds %v", i, d.Label(i), got)
		}
	}
	r := d.Report
	if len(r.Skipped) != 1 || r.Skipped[0].Name != "train/cat/broken.jpg" || r.Images != 123 || r.Ignored != 1 || r.Duplicates["train"] != 1 {
		t.Errorf("report %+v", r)
	}
}

// Images without labels can be pre-trained on, and nothing else.
func TestPrepareWithoutLabels(t *testing.T) {
	tftest.Load(t)
	files := map[string][]byte{}
	for name, data := range imageFolder(t, 10) {
		files[strings.ReplaceAll(name, "/", "-")] = data
	}
	d := prepare(t, Source{Path: write(t, files), Layout: "image-folder", ImageSize: 4, ValidationPerClass: 50})
	if got := fmt.Sprint(d.Meta.Classes, d.Meta.Splits); got != "[] map[test:0 train:0 unlabelled:22 validation:0]" {
		t.Error(got)
	}
	if _, err := d.Subset(Train, 1, 0); err == nil || !strings.Contains(err.Error(), "has 0 classes, a classifier needs two") {
		t.Errorf("labels are drawn: %v", err)
	}
}

func TestPrepareKeepsOwnSizeOrAsks(t *testing.T) {
	tftest.Load(t)
	files := imageFolder(t, 2)
	if d := prepare(t, Source{Path: write(t, files), Layout: "image-folder"}); d.Meta.Shape != [3]int{8, 8, 3} || d.Report.Converted["grey to colour"] != 6 {
		t.Errorf("shape %v, converted %v", d.Meta.Shape, d.Report.Converted)
	}
	files["train/dog/small.png"] = pngOf(t, image.NewGray(square2))
	_, err := tryPrepare(t, Source{Path: write(t, files), Layout: "image-folder"})
	if err == nil || !strings.Contains(err.Error(), "train/dog/small.png is 2x2 pixels and others are 8x8: choose an image_size") {
		t.Errorf("error %v", err)
	}
}

func TestPrepareRefusesManyBadImages(t *testing.T) {
	tftest.Load(t)
	files := imageFolder(t, 60)
	files["train/cat/x.png"], files["train/dog/y.png"] = []byte("x"), nil
	_, err := tryPrepare(t, Source{Path: write(t, files), Layout: "image-folder"})
	if err == nil || !strings.Contains(err.Error(), "2 of 124 images cannot be decoded, more than 1 %: train/cat/x.png is no JPEG, PNG, GIF or BMP; train/dog/y.png is empty") {
		t.Errorf("error %v", err)
	}
}

func TestPrepareTinyImageNetSelection(t *testing.T) {
	tftest.Load(t)
	flat := func(v int) []byte {
		return pngOf(t, paint(image.NewRGBA(image.Rect(0, 0, 4, 4)), func(int, int) color.Color { return color.Gray{uint8(v)} }))
	}
	files := map[string][]byte{}
	var annotations strings.Builder
	for c, wnid := range []string{"n1", "n2", "n3"} {
		for i := range 5 {
			files[fmt.Sprintf("t/train/%s/images/%s_%d.JPEG", wnid, wnid, i)] = flat(10*c + i)
		}
		files[fmt.Sprintf("t/val/images/val_%d.JPEG", c)] = flat(200 + c)
		fmt.Fprintf(&annotations, "val_%d.JPEG\t%s\t0\t0\t4\t4\n", c, wnid)
	}
	files["t/val/val_annotations.txt"] = []byte(annotations.String())
	files["t/train/n2/images/leak.JPEG"] = flat(202) // an image of the test, in a class that is not selected
	path := filepath.Join(t.TempDir(), "t.tar.zst")
	var entries []entry
	for name, data := range files {
		entries = append(entries, entry{name: name, body: string(data)})
	}
	if err := os.WriteFile(path, zstdOf(t, tarOf(t, entries)), 0o644); err != nil {
		t.Fatal(err)
	}
	d := prepare(t, Source{
		Name: "tiny-imagenet", Path: path, ImageSize: 4, Classes: map[string]string{"fish": "n1", "duck": "n3"},
		ValidationPerClass: 1, TestPerClass: 1,
	})
	if got := fmt.Sprint(d.Meta.Classes, d.Meta.Splits, d.Report.Duplicates); got != "[duck fish] map[test:4 train:6 unlabelled:11 validation:2] map[unlabelled:1]" {
		t.Error(got)
	}
	unlabelled, err := d.Split(Unlabelled)
	if err != nil {
		t.Fatal(err)
	}
	test, err := d.Split(Test)
	if err != nil {
		t.Fatal(err)
	}
	official := 0
	for _, i := range slices.Concat(unlabelled, test) {
		level := int(d.Image(i)[0])
		class := level / 10 // of a training image
		if level >= 200 {
			class = level - 200
			official++
		}
		if want := []int32{1, -1, 0}[class]; d.Label(i) != want {
			t.Errorf("image of level %d has label %d, want %d", level, d.Label(i), want)
		}
	}
	if official != 2 {
		t.Errorf("%d official test images are in test, want 2", official)
	}
}
