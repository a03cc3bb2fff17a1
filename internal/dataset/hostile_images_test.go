package dataset

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// chunk is a part of a PNG file.
func chunk(kind string, data []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
	out = append(append(out, kind...), data...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngBy makes a PNG file of rows without filters, of a kind that Go's encoder does
// not write. Chunks come between the header and the pixels.
func pngBy(w, h, bits, kind int, rows []byte, chunks ...[]byte) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	head = append(head, byte(bits), byte(kind), 0, 0, 0)
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write(rows)
	_ = z.Close()
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", head)...)
	return slices.Concat(out, slices.Concat(chunks...), chunk("IDAT", packed.Bytes()), chunk("IEND", nil))
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// patched returns data with other bytes at some place.
func patched(data []byte, at int, with ...byte) []byte {
	out := bytes.Clone(data)
	copy(out[at:], with)
	return out
}

// inserted puts a segment behind the beginning of a JPEG file.
func inserted(jpeg []byte, marker byte, body string) []byte {
	segment := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return slices.Concat(jpeg[:2], segment, []byte(body), jpeg[2:])
}

// sof returns where the size is in a JPEG file: height, then width, of two bytes.
func sof(jpeg []byte) int { return bytes.Index(jpeg, []byte{0xff, 0xc0}) + 5 }

// A header asks for gigabytes: it is refused by what it says, before anything is
// allocated.
func TestHugeImagesAreRefusedByTheirHeaders(t *testing.T) {
	photo, colours := testdata(t, "colour.jpg"), pngOf(t, paint(image.NewRGBA(square2), colourAt))
	small := gifOf(t, square2, square2)
	frame := bytes.Index(small, []byte{gifImage, 0, 0, 0, 0})
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"jpeg":              {patched(photo, sof(photo), 0xc3, 0x50, 0xc3, 0x50), "is 50000x50000 pixels, which is too large"},
		"jpeg, arithmetic":  {patched(patched(photo, sof(photo), 0xc3, 0x50, 0xc3, 0x50), sof(photo)-4, 0xc9), "is 50000x50000 pixels"},
		"png":               {pngBy(50_000, 50_000, 8, 2, nil), "is 50000x50000 pixels, which is too large"},
		"png, 1 bit":        {pngBy(50_000, 50_000, 1, 0, nil), "is 50000x50000 pixels"},
		"png, odd depth":    {pngBy(50_000, 50_000, 3, 2, nil), "is 50000x50000 pixels"},
		"png, wrong sum":    {patched(colours, 16, 0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50), "is 50000x50000 pixels"},
		"png, negative":     {pngBy(1<<32-1, 1<<32-1, 8, 2, nil), "is 4294967295x4294967295 pixels"},
		"png, long":         {pngBy(1<<31-1, 1, 8, 2, nil), "is 2147483647x1 pixels"},
		"png, overflowing":  {pngBy(1<<31, 1<<31, 8, 2, nil), "pixels, which is too large"},
		"gif":               {patched(small, 6, 0x50, 0xc3, 0x50, 0xc3), "is 50000x50000 pixels"},
		"gif, frame":        {patched(small, frame+5, 0xff, 0xff, 0xff, 0xff), "is 65535x65535 pixels"},
		"bmp":               {patched(bmpOf(make([]byte, 16)), 18, 0x50, 0xc3, 0, 0, 0x50, 0xc3, 0, 0), "is 50000x50000 pixels"},
		"bmp, upside down":  {patched(bmpOf(make([]byte, 16)), 22, 0xb0, 0x3c, 0xff, 0xff), "is 2x50000 pixels"},
		"bmp, smallest":     {patched(bmpOf(make([]byte, 16)), 22, 0, 0, 0, 0x80), "pixels, which is too large"},
		"bmp, of no pixels": {patched(bmpOf(make([]byte, 16)), 18, 0, 0, 0, 0), "is 0x2 pixels, which is no image"},
		"jpeg, 0 high":      {patched(photo, sof(photo), 0, 0), "is 48x0 pixels, which is no image"},
		"jpeg, no frame":    {patched(photo, sof(photo)-4, 0xfe), "states no size"},
		"jpeg, scans":       {manyScans(photo), "has 101 scans, more than 100"},
		"jpeg, end alone":   {[]byte("\xff\xd8\xff\xd9"), "states no size"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, _, err := load(fileItem("x.jpg", c.data), [3]int{}, 3)
		runtime.ReadMemStats(&after)
		if err != nil || !strings.Contains(p.bad, c.want) || p.file != nil {
			t.Errorf("%s: bad %q, error %v; want %q and no file to decode", name, p.bad, err, c.want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
			t.Errorf("%s: took %d bytes", name, used)
		}
	}
}

// manyScans repeats the scan of a file to 101 scans.
func manyScans(jpeg []byte) []byte {
	at := bytes.LastIndex(jpeg, []byte{0xff, 0xda})
	return slices.Concat(jpeg[:at], bytes.Repeat(jpeg[at:len(jpeg)-2], 101), jpeg[len(jpeg)-2:])
}

// Of an animation the first frame alone is decoded, so the others may be of any
// size and number, or damaged.
func TestAnimationsAreCutToTheirFirstFrame(t *testing.T) {
	want := bytes.Repeat([]byte{10, 20, 30}, 4)
	one, bomb := gifOf(t, square2), gifOf(t, square2, square2, square2)
	later := bytes.LastIndex(bomb, []byte{gifImage, 0, 0, 0, 0})
	bomb = patched(bomb, later+5, 0xff, 0xff, 0xff, 0xff)
	for name, c := range map[string]struct {
		data   []byte
		traits []string
	}{
		"one frame":             {one, nil},
		"two":                   {gifOf(t, square2, square2), []string{"first frame of an animation"}},
		"a later frame is huge": {bomb, []string{"first frame of an animation"}},
		"a later one is cut":    {bomb[:later+12], []string{"first frame of an animation"}},
		"no end":                {one[:len(one)-1], nil},
	} {
		o, pixels, err := decode(t, "x.gif", c.data, [3]int{2, 2, 3})
		if err != nil || o.bad != "" || !bytes.Equal(pixels, want) || !slices.Equal(o.traits, c.traits) {
			t.Errorf("%s: error %v, bad %q, pixels %v, traits %q", name, err, o.bad, pixels, o.traits)
		}
	}
	for n := range one[:len(one)-1] {
		if n < 6 {
			continue
		}
		if o, _, err := decode(t, "x.gif", one[:n], [3]int{2, 2, 3}); err != nil || o.bad == "" {
			t.Errorf("the first %d of %d bytes: error %v, decoded", n, len(one), err)
		}
	}
}

// Kinds of files that are rare, and what is made of them.
func TestUnusualImages(t *testing.T) {
	palette := chunk("PLTE", []byte{1, 2, 3, 200, 100, 50})
	animation := slices.Concat(chunk("acTL", []byte{0, 0, 0, 2, 0, 0, 0, 0}), chunk("fcTL", make([]byte, 26)))
	for name, c := range map[string]struct {
		data   []byte
		shape  [3]int
		want   []byte
		traits []string
	}{
		"grey and alpha":       {pngBy(2, 1, 8, 4, []byte{0, 10, 255, 20, 0}), [3]int{1, 2, 3}, []byte{10, 10, 10, 20, 20, 20}, []string{"alpha dropped"}},
		"palette":              {pngBy(2, 1, 8, 3, []byte{0, 0, 1}, palette), [3]int{1, 2, 3}, []byte{1, 2, 3, 200, 100, 50}, nil},
		"palette, transparent": {pngBy(2, 1, 8, 3, []byte{0, 0, 1}, palette, chunk("tRNS", []byte{0, 128})), [3]int{1, 2, 3}, []byte{1, 2, 3, 200, 100, 50}, nil},
		"1 bit":                {pngBy(2, 1, 1, 0, []byte{0, 0x40}), [3]int{1, 2, 3}, []byte{0, 0, 0, 255, 255, 255}, []string{"grey to colour"}},
		"16 bits, colour":      {pngBy(1, 1, 16, 2, []byte{0, 10, 255, 20, 255, 30, 255}), [3]int{1, 1, 3}, []byte{10, 20, 30}, []string{"16 bits to 8"}},
		"16 bits, grey, alpha": {pngBy(1, 1, 16, 4, []byte{0, 10, 255, 0, 0}), [3]int{1, 1, 3}, []byte{10, 10, 10}, []string{"alpha dropped", "16 bits to 8"}},
		"animated":             {pngBy(1, 1, 8, 2, []byte{0, 7, 8, 9}, animation), [3]int{1, 1, 3}, []byte{7, 8, 9}, nil},
		"1x1":                  {pngBy(1, 1, 8, 2, []byte{0, 7, 8, 9}), [3]int{4, 4, 3}, bytes.Repeat([]byte{7, 8, 9}, 16), nil},
		"very wide":            {pngBy(maxSide, 1, 8, 0, make([]byte, 1+maxSide)), [3]int{2, 2, 3}, make([]byte, 12), []string{"grey to colour"}},
		"very high":            {pngBy(1, maxSide, 8, 0, make([]byte, 2*maxSide)), [3]int{2, 2, 3}, make([]byte, 12), []string{"grey to colour"}},
		"mostly nothing":       {pngBy(4000, 4000, 1, 0, make([]byte, 501*4000)), [3]int{2, 2, 3}, make([]byte, 12), []string{"grey to colour"}},
	} {
		o, pixels, err := decode(t, "x.png", c.data, c.shape)
		if err != nil || o.bad != "" || !bytes.Equal(pixels, c.want) || !slices.Equal(o.traits, c.traits) {
			t.Errorf("%s: error %v, bad %q, pixels %v, traits %q; want %v, %q", name, err, o.bad, pixels, o.traits, c.want, c.traits)
		}
	}
}

// Progressive files are decoded as others, and colour profiles are not heeded.
func TestUnusualJPEGs(t *testing.T) {
	plain := testdata(t, "colour.jpg")
	want := "4e3186bde0e59f64449c2529734e031c3efdcbb1d712e5c66730a8b5a1c63c4b"
	for name, data := range map[string][]byte{
		"progressive":         testdata(t, "progressive.jpg"),
		"with a profile":      inserted(plain, 0xe2, "ICC_PROFILE\x00\x01\x01"+strings.Repeat("x", 500)),
		"with more behind it": append(bytes.Clone(plain), plain...),
	} {
		o, pixels, err := decode(t, "x.jpg", data, [3]int{32, 48, 3})
		if err != nil || o.bad != "" || digestOf(pixels) != want {
			t.Errorf("%s: error %v, bad %q, digest %s", name, err, o.bad, digestOf(pixels))
		}
	}
	cmyk := testdata(t, "cmyk.jpg")
	o, pixels, err := decode(t, "x.jpg", patched(cmyk, bytes.Index(cmyk, []byte("Adobe"))+11, 2), [3]int{16, 16, 3})
	if err != nil || !slices.Equal(o.traits, []string{"CMYK to RGB"}) {
		t.Fatalf("YCCK: error %v, outcome %+v", err, o)
	}
	near(t, "YCCK left", pixels[:3], 179, 0, 129) // as Pillow reads it
	near(t, "YCCK right", pixels[45:48], 71, 235, 191)
	// What is not decoded is a bad file like others.
	o, _, err = decode(t, "x.jpg", patched(plain, sof(plain)-4, 0xc3), [3]int{32, 48, 3})
	if err != nil || !strings.Contains(o.bad, "cannot be decoded") {
		t.Errorf("lossless: error %v, bad %q", err, o.bad)
	}
}

// A file of too many bytes is a bad image, and is not read for that.
func TestLargeFilesAreBadImages(t *testing.T) {
	tftest.Load(t)
	folder := write(t, imageFolder(t, 60))
	large, err := os.Create(filepath.Join(folder, "train", "cat", "00.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := large.Truncate(maxImageFile + 1); err != nil {
		t.Fatal(err)
	}
	if err := large.Close(); err != nil {
		t.Fatal(err)
	}
	d := prepare(t, Source{Path: folder, Layout: "image-folder"})
	want := Skip{"train/cat/00.png", "file of 268435457 bytes is too large"}
	if len(d.Report.Skipped) != 1 || d.Report.Skipped[0] != want {
		t.Errorf("skipped %+v", d.Report.Skipped)
	}
}

// Several large images are decoded by several workers, one at a time.
func TestLargeImagesOneAtATime(t *testing.T) {
	tftest.Load(t)
	data := pngBy(2500, 2000, 1, 0, bytes.Repeat(append([]byte{0}, bytes.Repeat([]byte{0xff}, 313)...), 2000))
	var items []item
	for range jobSize + 4 {
		items = append(items, fileItem("x.png", data[:40]))
	}
	items[0], items[jobSize], items[3] = fileItem("x.png", data), fileItem("x.png", data), fileItem("s.png", pngOf(t, paint(image.NewGray(square2), func(int, int) color.Color { return color.White })))
	var out bytes.Buffer
	outcomes, err := render(t.Context(), items, [3]int{}, [3]int{2, 2, 1}, true, &out, func(int64, int64) {})
	if err != nil || len(outcomes) != len(items) || !bytes.Equal(out.Bytes(), bytes.Repeat([]byte{255}, 12)) {
		t.Errorf("%d outcomes, %v, error %v", len(outcomes), out.Bytes(), err)
	}
}
