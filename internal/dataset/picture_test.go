package dataset

import (
	"bytes"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// picturesOf decodes files to a shape.
func picturesOf(t *testing.T, shape [3]int, files ...string) ([]byte, []error) {
	t.Helper()
	p := NewPictures(shape)
	pixels := make([]byte, len(files)*shape[0]*shape[1]*shape[2])
	bad, err := p.Decode(pixels, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	return pixels, bad
}

// A file gives the pixels that Prepare stored for it: grown, shrunk, cropped, in
// colour and in grey.
func TestPicturesAreAsPrepared(t *testing.T) {
	tftest.Load(t)
	jpeg, err := os.ReadFile("testdata/colour.jpg")
	if err != nil {
		t.Fatal(err)
	}
	large := pngOf(t, paint(image.NewRGBA(image.Rect(0, 0, 40, 23)), func(x, y int) color.Color {
		return color.RGBA{uint8(6 * x), uint8(11 * y), uint8(3 * (x ^ y)), 255}
	}))
	files := map[string][]byte{"train/a/0.jpg": jpeg, "train/a/1.png": large, "train/b/2.png": pngOf(t, paint(image.NewGray(square2), greyAt))}
	for class, y := range map[string]int{"a": 1, "b": 3} {
		files["test/"+class+"/3.png"] = pngOf(t, paint(image.NewGray(image.Rect(0, 0, 9, 9)), func(x, _ int) color.Color { return greyAt(x, y) }))
	}
	for i := range 20 { // more than are decoded together
		files["train/b/x"+string(rune('a'+i))+".jpg"] = append(bytes.Clone(jpeg), byte(i))
	}
	folder := write(t, files)
	for _, channels := range []int{1, 3} {
		d := prepare(t, Source{Path: folder, Layout: "image-folder", ImageSize: 8, Channels: channels})
		names, err := FindPictures(folder)
		if err != nil || len(names) != d.Len() {
			t.Fatalf("found %q, %v", names, err)
		}
		got, bad := picturesOf(t, d.Meta.Shape, names...)
		stride := 8 * 8 * channels
		for i, name := range names {
			if bad[i] != nil || !bytes.Equal(got[i*stride:(i+1)*stride], d.Image(i)) {
				t.Errorf("%s differs from what Prepare stored, %v", name, bad[i])
			}
		}
	}
}

func TestPicturesThatAreBad(t *testing.T) {
	tftest.Load(t)
	good := pngOf(t, paint(image.NewGray(square2), greyAt))
	folder := write(t, map[string][]byte{"good.png": good, "text.png": []byte("hello"), "cut.png": good[:40], "wide.png": pngOf(t, image.NewGray(image.Rect(0, 0, 3, 2)))})
	at := func(name string) string { return filepath.Join(folder, name) }
	pixels, bad := picturesOf(t, [3]int{2, 2, 1}, at("text.png"), at("good.png"), at("cut.png"), at("none.png"), folder)
	if bad[1] != nil || !bytes.Equal(pixels[4:8], []byte{10, 20, 30, 40}) {
		t.Errorf("the good one among bad ones: %v, %v", pixels[4:8], bad[1])
	}
	for i, want := range []string{"is no JPEG", "", "cannot be decoded", "no such file", "is no plain file"} {
		if want != "" && (bad[i] == nil || !strings.Contains(bad[i].Error(), want)) {
			t.Errorf("picture %d: %v, want %q", i, bad[i], want)
		}
	}
	// A shape that is no square is for images of that shape.
	pixels, bad = picturesOf(t, [3]int{2, 3, 3}, at("good.png"), at("wide.png"))
	if bad[0] == nil || bad[0].Error() != "is 2x2 pixels, and has to be 3x2" || bad[1] != nil || len(pixels) != 36 {
		t.Errorf("a model of 3x2 pixels: %v", bad)
	}
}

func TestFindPictures(t *testing.T) {
	folder := write(t, map[string][]byte{
		"b/2.PNG": nil, "a.jpeg": nil, "a/1.gif": nil, "b/3.bmp": nil, "notes.txt": nil, "c.webp": nil,
		".hidden.png": nil, ".cache/x.png": nil, "a/.x.jpg": nil,
	})
	got, err := FindPictures(folder)
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], folder+"/")
	}
	if want := []string{"a.jpeg", "a/1.gif", "b/2.PNG", "b/3.bmp"}; !slices.Equal(got, want) {
		t.Errorf("found %q", got)
	}
	if _, err := FindPictures(filepath.Join(folder, "none")); err == nil || !strings.Contains(err.Error(), "find images in") {
		t.Errorf("a folder that is not there: %v", err)
	}
}
