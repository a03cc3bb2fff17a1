package dataset

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// flatPNG makes an image of one level of grey, stored with or without colour.
func flatPNG(t *testing.T, w, h, level int, grey bool) []byte {
	t.Helper()
	if grey {
		return pngOf(t, paint(image.NewGray(image.Rect(0, 0, w, h)), func(int, int) color.Color { return color.Gray{uint8(level)} }))
	}
	return pngOf(t, paint(image.NewRGBA(image.Rect(0, 0, w, h)), func(int, int) color.Color {
		return color.RGBA{uint8(level), 0, 0, 255}
	}))
}

func examine(t *testing.T, files map[string][]byte) *Survey {
	t.Helper()
	s, err := Examine(t.Context(), write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExamineCountsWhatIsThere(t *testing.T) {
	same := flatPNG(t, 8, 8, 200, false)
	s := examine(t, map[string][]byte{
		"train/cat/1.png": flatPNG(t, 8, 8, 1, true), "train/cat/2.png": flatPNG(t, 20, 10, 2, false),
		"train/cat/3.png": same, "train/dog/1.png": same, "train/dog/2.jpg": []byte("junk"),
		"test/dog/1.png": same, "unlabelled/x/1.png": flatPNG(t, 12, 30, 3, false), "README.md": []byte("text"),
	})
	if got := fmt.Sprint(s.Layout, s.Archive, s.Classes, s.Unlabelled, s.Ignored, s.TestFolder); got != "image-folderfalse [{cat 3 0 0} {dog 2 0 1}] 1 1test" {
		t.Error(got)
	}
	l := s.Look
	if got := fmt.Sprint(l.Images, l.All, l.Width, l.Height, l.Side, l.Longer, l.Grey); got != "7 true {8 8 20} {8 8 30} {8 8 12} {100 100 250} 1" {
		t.Error(got)
	}
	if len(l.Unreadable) != 1 || l.Unreadable[0] != (Skip{"train/dog/2.jpg", "is no JPEG, PNG, GIF or BMP"}) {
		t.Error(l.Unreadable)
	}
	// test/dog/1 is the first of the three.
	if *s.Copies != (Copies{Images: 2, Parts: 2, Labels: 1}) {
		t.Errorf("copies %+v", *s.Copies)
	}
}

func TestExamineFindsLayouts(t *testing.T) {
	x := flatPNG(t, 4, 4, 9, false)
	cifar := slices.Concat([]byte{1}, planes(1024, 1, 2, 3))
	for want, files := range map[string]map[string][]byte{
		"image-folder [{a 1 0 0} {b 1 0 0}] 0": {"set/a/1.png": x, "set/b/1.png": x},
		"image-folder [{a 1 0 0} {b 1 0 0}] 1": {"a/1.png": x, "b/1.png": x, "unlabelled/1.png": x},
		"image-folder [{a 1 0 0} {b 0 0 1}] 2": {"labelled/a/1.png": x, "test/b/1.png": x, "unlabeled/1.png": x, "unlabeled/b/1.png": x},
		"image-folder [] 2":                    {"pile/1.png": x, "pile/2.png": x},
		"image-folder [{a 1 0 0}] 0":           {"train/a/1.png": x},
		"tiny-imagenet [{n01 1 0 1}] 0": {
			"train/n01/images/1.JPEG": x, "val/images/2.JPEG": x, "val/val_annotations.txt": []byte("2.JPEG\tn01\n"),
		},
		"idx [{0 1 0 0} {1 1 0 0}] 0":          {"train-images-idx3-ubyte": idxOf(make([]byte, 8), 2, 2, 2), "train-labels-idx1-ubyte": idxOf([]byte{0, 1}, 2)},
		"cifar-binary [{x 0 0 0} {y 1 0 1}] 0": {"data_batch_1.bin": cifar, "test_batch.bin": cifar, "batches.meta.txt": []byte("x\ny\n")},
		"stl10-binary [{1 1 0 0} {2 0 0 1}] 1": {
			"train_X.bin": planes(4, 1, 2, 3), "train_y.bin": {1}, "test_X.bin": planes(4, 1, 2, 4), "test_y.bin": {2}, "unlabeled_X.bin": planes(4, 8, 9, 0),
		},
	} {
		s := examine(t, files)
		if got := fmt.Sprint(s.Layout, " ", s.Classes, s.Unlabelled); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestExamineReadsArchives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "images.zip")
	one := string(flatPNG(t, 6, 4, 1, true))
	data := zipOf(t, []entry{{name: "a/1.png", body: one}, {name: "b/1.png", body: one}}, zip.Deflate)
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := Examine(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if !s.Archive || s.Look.Side != (Spread{4, 4, 4}) || s.Look.Grey != 2 || *s.Copies != (Copies{Images: 1, Labels: 1}) {
		t.Errorf("%+v, copies %+v", s, *s.Copies)
	}
}

// Cameras put previews and colour profiles before the size.
func TestExamineReadsHeadersBehindMetadata(t *testing.T) {
	var plain bytes.Buffer
	if err := jpeg.Encode(&plain, image.NewRGBA(image.Rect(0, 0, 40, 24)), nil); err != nil {
		t.Fatal(err)
	}
	file := bytes.Clone(plain.Bytes()[:2])
	for range 2 {
		file = append(file, 0xff, 0xe1, 0xff, 0xff) // a segment of 65,535 bytes
		file = append(file, make([]byte, 65533)...)
	}
	file = append(file, plain.Bytes()[2:]...)
	s := examine(t, map[string][]byte{"a/1.jpg": file, "b/1.jpg": plain.Bytes()})
	if s.Look.Side != (Spread{24, 24, 24}) || s.Look.Width.Min != 40 || len(s.Look.Unreadable) > 0 {
		t.Errorf("%+v", s.Look)
	}
}

func TestExamineLooksAtSomeOfMany(t *testing.T) {
	files := map[string][]byte{}
	for i := range 2 * maxLooked {
		files[fmt.Sprintf("%c/%05d.png", 'a'+i%4, i)] = []byte("x")
	}
	s := examine(t, files)
	if s.Look.All || s.Look.Images != maxLooked || len(s.Look.Unreadable) != maxLooked || s.Images() != 2*maxLooked {
		t.Errorf("looked at %d of %d, %d unreadable", s.Look.Images, s.Images(), len(s.Look.Unreadable))
	}
	classes := map[byte]int{}
	for _, skip := range s.Look.Unreadable {
		classes[skip.Name[0]]++
	}
	if len(classes) != 4 || classes['a'] != maxLooked/4 {
		t.Errorf("looked at %v", classes)
	}
}

func TestExamineRefuses(t *testing.T) {
	x := flatPNG(t, 4, 4, 9, false)
	for want, files := range map[string]map[string][]byte{
		"holds no files": {},
		"holds no images (.jpg, .jpeg, .png, .gif, .bmp) and no data set in a known format (tiny-imagenet, idx, cifar-binary, stl10-binary); its files are 2 .heic, 1 .txt": {"a.heic": x, "b.HEIC": x, "c.txt": x},
		"1.png: lies in no folder named for its class":                 {"1.png": x, "a/2.png": x},
		"test/1.png: lies in no folder named for its class":            {"train/a/1.png": x, "test/1.png": x},
		"extra/1.png: lies in \"extra\", which is none of train, val,": {"train/a/1.png": x, "extra/1.png": x},
		"which is no number of records of 3073":                        {"data_batch_1.bin": x, "test_batch.bin": x},
	} {
		_, err := Examine(t.Context(), write(t, files))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
		var layout *LayoutError
		if strings.Contains(want, "lies in") != (errors.As(err, &layout) && layout.Layout == "image-folder") {
			t.Errorf("error %v of layout %v", err, layout)
		}
	}
}
