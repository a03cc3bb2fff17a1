package dataset

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/gif"
	"image/jpeg"
	"os"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// imageSeeds are small files of every format, and of kinds that are refused.
func imageSeeds(t testing.TB) [][]byte {
	seeds := [][]byte{nil, []byte("text"), []byte("RIFF\x00\x00\x00\x00WEBPVP8 "), []byte("II*\x00"), bmpOf(make([]byte, 16)), bmpOf(make([]byte, 5))}
	for _, name := range []string{"testdata/cmyk.jpg", "testdata/colour.jpg"} {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		seeds = append(seeds, data, data[:len(data)/2])
	}
	for _, img := range []image.Image{
		paint(image.NewGray(square2), greyAt), paint(image.NewRGBA(square2), colourAt), image.NewNRGBA(square2),
		image.NewGray16(square2), image.NewNRGBA64(square2), image.NewPaletted(square2, twoColours), image.NewGray(image.Rect(0, 0, 300, 1)),
	} {
		data := pngOf(t, img)
		seeds = append(seeds, data, data[:len(data)/2])
	}
	exif := chunk("eXIf", []byte(exifOf(binary.LittleEndian, 3, 3, 1)))
	seeds = append(seeds, turnedJPEG(t, 6), pngBy(3, 2, 8, 0, make([]byte, 8), exif))
	return append(seeds, gifOf(t, square2, square2), gifOf(t, square2), gifOf(t, square2)[:20])
}

func FuzzHeader(f *testing.F) {
	for _, data := range imageSeeds(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := inspect("x.png", data)
		if err != nil || h.format == nil {
			if err == nil || !printable(err.Error()) {
				t.Errorf("no format, error %q", err)
			}
			return
		}
		if h.width > maxSide || h.height > maxSide || h.width*h.height > maxArea {
			t.Errorf("%dx%d pixels", h.width, h.height)
		}
		if h.jpeg {
			_ = checkScans(data)
			sameSize(t, h, data)
		}
		one, _, err := h.decodable(data)
		if err == nil && (h.width < 1 || len(one) > len(data)+1 || !bytes.HasPrefix(data, one[:min(len(one)-1, len(data))])) {
			t.Errorf("decodes %d of %d bytes", len(one), len(data))
		}
		if err == nil && h.format.name == "GIF" && h.width*h.height < 1<<16 {
			sameFrame(t, data, one)
		}
	})
}

// sameSize compares with Go's decoder, which knows less files.
func sameSize(t *testing.T, h header, data []byte) {
	width, height := h.width, h.height
	if h.orientation.sideways() {
		width, height = height, width
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err == nil && config.Width > 0 && config.Height > 0 && (config.Width != width || config.Height != height) {
		t.Errorf("%dx%d pixels, Go's decoder finds %dx%d", width, height, config.Width, config.Height)
	}
}

// sameFrame checks that the first frame of an animation is cut out whole.
func sameFrame(t *testing.T, data, one []byte) {
	want, err := gif.Decode(bytes.NewReader(data))
	if err != nil {
		return
	}
	got, err := gif.Decode(bytes.NewReader(one))
	if err != nil || got.Bounds() != want.Bounds() || !bytes.Equal(got.(*image.Paletted).Pix, want.(*image.Paletted).Pix) {
		t.Errorf("the first frame alone: %v", err)
	}
}

// FuzzDecode hands to TensorFlow what the checks of headers let through. A crash
// there ends the process; a bad file must only be named.
func FuzzDecode(f *testing.F) {
	tftest.Load(f)
	for _, data := range imageSeeds(f) {
		f.Add(data)
	}
	d := &decoder{shape: [3]int{4, 4, 3}, resize: true}
	f.Fuzz(func(t *testing.T, data []byte) {
		if h, err := inspect("x.png", data); err != nil || h.width*h.height > 1<<18 {
			return // what takes long is no find
		}
		p, _, err := load(fileItem("x.png", data), [3]int{}, 3)
		if err != nil {
			t.Fatal(err)
		}
		p.dst = make([]byte, 48)
		if err := d.render([]*picture{p}); err != nil {
			t.Fatal(err)
		}
		if !printable(p.bad) {
			t.Errorf("the reason cannot be shown: %q", p.bad)
		}
	})
}
