package dataset

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"sslpipe/internal/tf/tftest"
)

// exifOf is EXIF of one entry, after some others.
func exifOf(order binary.AppendByteOrder, kind uint16, value uint32, others int) string {
	b := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		b = []byte("II")
	}
	b = order.AppendUint32(order.AppendUint16(b, 42), 8)
	b = order.AppendUint16(b, uint16(others+1))
	for range others {
		b = append(b, make([]byte, 12)...)
	}
	b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, 0x112), kind), 1)
	if kind == 3 {
		b = order.AppendUint16(order.AppendUint16(b, uint16(value)), 0)
	} else {
		b = order.AppendUint32(b, value)
	}
	return string(append(b, 0, 0, 0, 0))
}

// turnedJPEG says of itself how it is to be turned.
func turnedJPEG(t testing.TB, value uint32) []byte {
	return inserted(testdata(t, "colour.jpg"), 0xe1, "Exif\x00\x00"+exifOf(binary.BigEndian, 3, value, 0))
}

// The digests are of Pillow's exif_transpose (testdata/make_jpegs.py).
func TestPhotosAreTurnedUpright(t *testing.T) {
	lying, standing := [3]int{32, 48, 3}, [3]int{48, 32, 3}
	for value, c := range map[uint32]struct {
		shape [3]int
		want  string
	}{
		0: {lying, "4e3186bde0e59f64449c2529734e031c3efdcbb1d712e5c66730a8b5a1c63c4b"},
		1: {lying, "4e3186bde0e59f64449c2529734e031c3efdcbb1d712e5c66730a8b5a1c63c4b"},
		2: {lying, "e7168b253540ebba98ea44ee312c7960bb511605a7f49eb67b5c1e86f1f0df2e"},
		3: {lying, "c7541b29f102daa28acd85796c9bc26513deea00b1c12a32ec286b16d6a3fdad"},
		4: {lying, "84de5b3b3e3f47142382a884c30dad6ebb31bea47edafb5e7a31854cdb2d4d5c"},
		5: {standing, "45a58f43e810a6f3c1c8b462c9e7759da779007556f5f867b1fabb70ed02ac2b"},
		6: {standing, "75fbbe2fe5529a22bfa8cbd31c36994cca2406dd0668a3010a990ac52d338e06"},
		7: {standing, "fd8ce04aa8d2da847d7aa7ab0819a4bf0b8ac7a5e1d831907dc850076260f0c2"},
		8: {standing, "ea73e9cec3a7aa6e1701f9496ef8464a22fb6e425e733d4ded0ce3dbc420dd55"},
		9: {lying, "4e3186bde0e59f64449c2529734e031c3efdcbb1d712e5c66730a8b5a1c63c4b"},
	} {
		for _, exif := range []string{
			exifOf(binary.BigEndian, 3, value, 0), exifOf(binary.LittleEndian, 3, value, 5), exifOf(binary.LittleEndian, 4, value, 0),
		} {
			data := inserted(testdata(t, "colour.jpg"), 0xe1, "Exif\x00\x00"+exif)
			o, pixels, err := decode(t, "x.jpg", data, c.shape)
			if err != nil || o.bad != "" || digestOf(pixels) != c.want {
				t.Errorf("%d: error %v, bad %q, digest %s, want %s", value, err, o.bad, digestOf(pixels), c.want)
			}
			if told := slices.Equal(o.traits, []string{"turned upright"}); told != (value >= 2 && value <= 8) {
				t.Errorf("%d: traits %q", value, o.traits)
			}
			if h, err := inspect("x.jpg", data); err != nil || h.height != c.shape[0] || h.width != c.shape[1] {
				t.Errorf("%d: %dx%d pixels, %v", value, h.width, h.height, err)
			}
		}
	}
}

func TestTurnedPNG(t *testing.T) {
	rows := []byte{0, 10, 20, 30, 0, 40, 50, 60} // two rows of three, each behind its filter
	data := pngBy(3, 2, 8, 0, rows, chunk("tEXt", []byte("eXIf")), chunk("eXIf", []byte(exifOf(binary.BigEndian, 3, 6, 1))))
	o, pixels, err := decode(t, "x.png", data, [3]int{3, 2, 1})
	if want := []byte{40, 10, 50, 20, 60, 30}; err != nil || o.bad != "" || !bytes.Equal(pixels, want) || !slices.Equal(o.traits, []string{"turned upright"}) {
		t.Errorf("error %v, outcome %+v, pixels %v, want %v", err, o, pixels, want)
	}
}

// What is said of the thumbnail, behind the image or in no way that can be read is not
// said of the image.
func TestWhatTurnsNoImage(t *testing.T) {
	plain, turn := testdata(t, "colour.jpg"), exifOf(binary.BigEndian, 3, 6, 0)
	again := inserted(plain, 0xe1, "Exif\x00\x00"+turn)
	cases := map[string][]byte{
		"a second segment":     inserted(again, 0xe1, "Exif\x00\x00"+exifOf(binary.BigEndian, 3, 1, 0)),
		"another segment":      inserted(plain, 0xe2, "Exif\x00\x00"+turn),
		"another name":         inserted(plain, 0xe1, "http:\x00"+turn),
		"behind the image":     append(bytes.Clone(plain), again...),
		"text":                 inserted(plain, 0xe1, "Exif\x00\x00"+exifOf(binary.BigEndian, 2, 6<<24, 0)),
		"a directory far away": inserted(plain, 0xe1, "Exif\x00\x00MM\x00\x2a\xff\xff\xff\xff"+turn),
	}
	for n := range len(turn) - 4 - 2 { // the last bytes are of nothing
		cases["cut at "+string(rune('a'+n))] = inserted(plain, 0xe1, "Exif\x00\x00"+turn[:n])
	}
	for name, data := range cases {
		if h, err := inspect("x.jpg", data); err != nil || h.orientation != 1 || h.width != 48 || len(h.traits) > 0 {
			t.Errorf("%s: %+v, %v", name, h, err)
		}
	}
}

// A data set of photos that were held in two ways is of one size, and a model is given
// the same pixels.
func TestTurnedPhotosOfOneSize(t *testing.T) {
	tftest.Load(t)
	files, n := map[string][]byte{}, byte(0)
	for _, name := range slices.Sorted(maps.Keys(imageFolder(t, 12))) {
		n++
		files[name] = pngBy(2, 3, 8, 0, []byte{0, 40, n, 0, 50, 20, 0, 60, 30})
		if n%2 == 0 {
			files[name] = pngBy(3, 2, 8, 0, []byte{0, n, 20, 30, 0, 40, 50, 60}, chunk("eXIf", []byte(exifOf(binary.BigEndian, 3, 6, 0))))
		}
	}
	folder := write(t, files)
	d := prepare(t, Source{Path: folder, Layout: "image-folder", Channels: 1})
	if d.Meta.Shape != [3]int{3, 2, 1} || d.Report.Converted["turned upright"] != len(files)/2 || d.Report.Images != len(files) {
		t.Errorf("shape %v, report %+v", d.Meta.Shape, d.Report)
	}
	names, err := FindPictures(folder)
	if err != nil || len(names) != d.Len() {
		t.Fatalf("found %q, %v", names, err)
	}
	got, bad := picturesOf(t, d.Meta.Shape, names...)
	for i, name := range names {
		stored := d.Image(i)
		if want := []byte{40, stored[1], 50, 20, 60, 30}; bad[i] != nil || !bytes.Equal(stored, want) || !bytes.Equal(got[6*i:6*i+6], want) {
			t.Errorf("%s: stored %v, given %v, %v", name, stored, got[6*i:6*i+6], bad[i])
		}
	}
}
