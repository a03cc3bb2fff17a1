package dataset

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf/tftest"
)

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// paint fills an image, each pixel by its place.
func paint[I interface {
	image.Image
	Set(x, y int, c color.Color)
}](img I, at func(x, y int) color.Color) I {
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			img.Set(x, y, at(x, y))
		}
	}
	return img
}

var square2 = image.Rect(0, 0, 2, 2)

// greyAt holds 10 20 over 30 40.
func greyAt(x, y int) color.Color { return color.Gray{uint8(10 + 10*x + 20*y)} }

func colourAt(x, y int) color.Color { return color.RGBA{uint8(10 * x), uint8(10 * y), 200, 255} }

// decode decodes one file to a shape.
func decode(t *testing.T, name string, data []byte, shape [3]int) (outcome, []byte, error) {
	t.Helper()
	tftest.Load(t)
	d := &decoder{shape: shape, resize: true}
	j := job{items: []item{fileItem(name, data)}}
	err := errors.Join(j.run(d, [3]int{}), d.Close())
	return j.done[0], j.pixels, err
}

func fileItem(name string, data []byte) item {
	return item{name: name, read: func() ([]byte, error) { return data, nil }}
}

func TestDecodeLossless(t *testing.T) {
	grey := pngOf(t, paint(image.NewGray(square2), greyAt))
	colour := pngOf(t, paint(image.NewRGBA(square2), colourAt))
	for _, c := range []struct {
		name     string
		data     []byte
		channels int
		want     []byte
		traits   []string
	}{
		{"grey.png", grey, 1, []byte{10, 20, 30, 40}, nil},
		{"grey.png", grey, 3, []byte{10, 10, 10, 20, 20, 20, 30, 30, 30, 40, 40, 40}, []string{"grey to colour"}},
		{"colour.png", colour, 3, []byte{0, 0, 200, 10, 0, 200, 0, 10, 200, 10, 10, 200}, nil},
		{"colour.png", colour, 1, []byte{23, 26, 29, 32}, []string{"colour to grey"}}, // 0.299 R + 0.587 G + 0.114 B
		{"colour.jpg", colour, 3, []byte{0, 0, 200, 10, 0, 200, 0, 10, 200, 10, 10, 200}, []string{"named for another format"}},
		{"deep.png", pngOf(t, paint(image.NewGray16(square2), greyAt)), 1, []byte{10, 20, 30, 40}, []string{"16 bits to 8"}},
		{"alpha.png", pngOf(t, paint(image.NewNRGBA(square2), func(x, y int) color.Color { return color.NRGBA{uint8(x), uint8(y), 5, 100} })), 3,
			[]byte{0, 0, 5, 1, 0, 5, 0, 1, 5, 1, 1, 5}, []string{"alpha dropped"}},
		{"two.gif", gifOf(t, square2, square2), 3, []byte{10, 20, 30, 10, 20, 30, 10, 20, 30, 10, 20, 30}, []string{"first frame of an animation"}},
		{"map.BMP", bmpOf([]byte{3, 2, 1, 6, 5, 4, 0, 0, 9, 8, 7, 12, 11, 10, 0, 0}), 3, []byte{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6}, nil},
	} {
		o, pixels, err := decode(t, c.name, c.data, [3]int{2, 2, c.channels})
		if err != nil || o.bad != "" {
			t.Errorf("%s: error %v, bad %q", c.name, err, o.bad)
			continue
		}
		if !bytes.Equal(pixels, c.want) || !slices.Equal(o.traits, c.traits) {
			t.Errorf("%s: pixels %v, traits %q; want %v, %q", c.name, pixels, o.traits, c.want, c.traits)
		}
	}
}

var twoColours = color.Palette{color.RGBA{10, 20, 30, 255}, color.RGBA{90, 80, 70, 255}}

// gifOf makes an animation of frames that lie at places of the picture, the first
// of the first colour and the others of the second.
func gifOf(t testing.TB, frames ...image.Rectangle) []byte {
	t.Helper()
	var buf bytes.Buffer
	all := &gif.GIF{}
	for i, place := range frames {
		all.Image = append(all.Image, paint(image.NewPaletted(place, twoColours), func(int, int) color.Color { return twoColours[min(i, 1)] }))
		all.Delay = append(all.Delay, 1)
	}
	if err := gif.EncodeAll(&buf, all); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// bmpOf makes a 2x2 bitmap of 24 bits from rows that are padded to four bytes,
// the lowest row first, pixels in the order blue, green, red.
func bmpOf(rows []byte) []byte {
	header := make([]byte, 54)
	copy(header, "BM")
	header[2], header[10], header[14], header[18], header[22], header[26], header[28] = byte(54+len(rows)), 54, 40, 2, 2, 1, 24
	return append(header, rows...)
}

func TestDecodeJPEG(t *testing.T) {
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, paint(image.NewGray(image.Rect(0, 0, 16, 16)), func(x, _ int) color.Color { return color.Gray{uint8(60 + 100*(x/8))} }), &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	o, pixels, err := decode(t, "a.jpeg", buf.Bytes(), [3]int{16, 16, 1})
	if err != nil || o.bad != "" || o.traits != nil {
		t.Fatalf("error %v, outcome %v", err, o)
	}
	near(t, "grey", pixels[:1], 60)
	near(t, "grey", pixels[15:16], 160)
	cmyk, err := os.ReadFile("testdata/cmyk.jpg")
	if err != nil {
		t.Fatal(err)
	}
	o, pixels, err = decode(t, "cmyk.jpg", cmyk, [3]int{16, 16, 3})
	if err != nil || !slices.Equal(o.traits, []string{"CMYK to RGB"}) {
		t.Fatalf("error %v, outcome %v", err, o)
	}
	near(t, "CMYK left", pixels[:3], 255, 55, 0) // as Pillow reads it
	near(t, "CMYK right", pixels[45:48], 0, 143, 235)
}

// TestDecodeJPEGAccurately compares with the digest of Pillow's pixels, which
// testdata/make_jpegs.py prints.
func TestDecodeJPEGAccurately(t *testing.T) {
	data, err := os.ReadFile("testdata/colour.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, pixels, err := decode(t, "colour.jpg", data, [3]int{32, 48, 3})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digestOf(pixels), "4e3186bde0e59f64449c2529734e031c3efdcbb1d712e5c66730a8b5a1c63c4b"; got != want {
		t.Errorf("pixels of digest %s, want %s", got, want)
	}
}

// near allows JPEG's rounding.
func near(t *testing.T, what string, got []byte, want ...int) {
	t.Helper()
	for i, w := range want {
		if diff := int(got[i]) - w; diff < -2 || diff > 2 {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// TestDecodeTogether mixes files that go through TensorFlow in one call with
// such that do not, and a bad one that spoils the call.
func TestDecodeTogether(t *testing.T) {
	tftest.Load(t)
	flat := func(v, w, h int) []byte {
		var buf bytes.Buffer
		img := paint(image.NewGray(image.Rect(0, 0, w, h)), func(int, int) color.Color { return color.Gray{uint8(v)} })
		if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 100}); err != nil {
			t.Fatal(err)
		}
		return buf.Bytes()
	}
	for _, spoilt := range []int{-1, 20} {
		var j job
		for i := range 40 {
			data := flat(5*i, 8+8*(i%3), 8)
			switch {
			case i == spoilt:
				data = data[:len(data)-12]
			case i == 7:
				data = flat(5*i, 300, 300)
			case i%5 == 1:
				data = pngOf(t, paint(image.NewGray(image.Rect(0, 0, 3, 3)), func(int, int) color.Color { return color.Gray{uint8(5 * i)} }))
			}
			j.items = append(j.items, fileItem(fmt.Sprint(i), data))
		}
		d := &decoder{shape: [3]int{4, 4, 1}, resize: true}
		if err := j.run(d, [3]int{}); err != nil {
			t.Fatal(err)
		}
		for i, o := range j.done {
			if (o.bad != "") != (i == spoilt) {
				t.Errorf("spoilt %d: image %d is bad: %q", spoilt, i, o.bad)
			}
			if got := j.pixels[16*i : 16*i+16]; i != spoilt && bytes.Count(got, []byte{byte(5 * i)}) != 16 {
				t.Errorf("spoilt %d: image %d holds %v, want %d", spoilt, i, got, 5*i)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestDecodeResizes(t *testing.T) {
	// 6x4: the central square is columns 1 to 4; its 2x2 means are areas of 2x2.
	wide := image.NewGray(image.Rect(0, 0, 6, 4))
	copy(wide.Pix, []byte{
		255, 10, 20, 30, 50, 255,
		255, 30, 40, 70, 90, 255,
		255, 0, 0, 100, 101, 255,
		255, 0, 1, 101, 101, 255,
	})
	if _, pixels, err := decode(t, "w.png", pngOf(t, wide), [3]int{2, 2, 1}); err != nil || !bytes.Equal(pixels, []byte{25, 60, 0, 101}) {
		t.Errorf("shrunk to %v, error %v; want [25 60 0 101]", pixels, err)
	}
	// Growing 0 100 to four columns with half-pixel centres gives 0 25 75 100.
	two := image.NewGray(square2)
	copy(two.Pix, []byte{0, 100, 0, 100})
	if _, pixels, err := decode(t, "g.png", pngOf(t, two), [3]int{4, 4, 1}); err != nil || !bytes.Equal(pixels[4:8], []byte{0, 25, 75, 100}) {
		t.Errorf("grown to %v, error %v; want rows [0 25 75 100]", pixels, err)
	}
}

func TestDecodeBadFiles(t *testing.T) {
	good := pngOf(t, paint(image.NewRGBA(image.Rect(0, 0, 40, 40)), colourAt))
	var photo bytes.Buffer
	if err := jpeg.Encode(&photo, paint(image.NewRGBA(image.Rect(0, 0, 40, 40)), colourAt), nil); err != nil {
		t.Fatal(err)
	}
	huge := slices.Clone(good)
	copy(huge[16:], []byte{0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff}) // width and height
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	damaged := slices.Clone(good)
	damaged[len(damaged)/2] ^= 0xff
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"empty":          {nil, "is empty"},
		"text":           {[]byte("<html>not found</html>"), "is no JPEG, PNG, GIF or BMP"},
		"webp":           {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "is WebP"},
		"truncated png":  {good[:len(good)/2], "cannot be decoded"},
		"truncated jpeg": {photo.Bytes()[:photo.Len()/2], "cannot be decoded"},
		"header alone":   {good[:20], "cannot be decoded"},
		"damaged":        {damaged, "cannot be decoded"},
		"huge":           {huge, "too large"},
	} {
		o, _, err := decode(t, name+".png", c.data, [3]int{8, 8, 3})
		if err != nil || !strings.Contains(o.bad, c.want) {
			t.Errorf("%s: bad %q, error %v; want %q", name, o.bad, err, c.want)
		}
	}
}
