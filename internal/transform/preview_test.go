package transform

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// ramps are rows of pictures [5, 7, c] that differ everywhere.
func ramps(rows, columns, c int) [][][]uint8 {
	out := make([][][]uint8, rows)
	for r := range out {
		for k := range columns {
			pixels := make([]uint8, 5*7*c)
			for i := range pixels {
				pixels[i] = uint8(i*37/c + 60*k + 25*r + 90*(i%c))
			}
			out[r] = append(out[r], pixels)
		}
	}
	return out
}

// columnsOf turns rows of pictures [h, w, c] into columns.
func columnsOf(rows [][][]uint8, h, w int) []Column {
	var columns []Column
	for _, row := range rows {
		for j, pixels := range row {
			if j == len(columns) {
				columns = append(columns, Column{H: h, W: w})
			}
			columns[j].Pictures = append(columns[j].Pictures, pixels)
		}
	}
	return columns
}

func TestSheetGolden(t *testing.T) {
	for file, rows := range map[string][][][]uint8{
		"testdata/sheet_rgb.png":  ramps(3, 4, 3),
		"testdata/sheet_grey.png": append(ramps(1, 3, 1), ramps(1, 2, 1)...),
	} {
		c := len(rows[0][0]) / 35
		sheet, err := Sheet(columnsOf(rows, 5, 7), c)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			var encoded bytes.Buffer
			if err := png.Encode(&encoded, sheet); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, encoded.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := png.Decode(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if sheet.Bounds() != want.Bounds() {
			t.Fatalf("%s: size %v, want %v", file, sheet.Bounds(), want.Bounds())
		}
		for y := range sheet.Bounds().Dy() {
			for x := range sheet.Bounds().Dx() {
				r, g, b, a := want.At(x, y).RGBA()
				if gr, gg, gb, ga := sheet.At(x, y).RGBA(); gr != r || gg != g || gb != b || ga != a {
					t.Fatalf("%s: pixel (%d, %d) is %v, want %v", file, x, y, sheet.At(x, y), want.At(x, y))
				}
			}
		}
	}
}

// Two grey pictures of one pixel: each 4 x 4, between gutters of 2 and a rift of 8.
func TestSheetLayout(t *testing.T) {
	sheet, err := Sheet(columnsOf([][][]uint8{{{10}, {200}}}, 1, 1), 1)
	if err != nil {
		t.Fatal(err)
	}
	if b := sheet.Bounds(); b.Dx() != 2+4+8+4+2 || b.Dy() != 2+4+2 {
		t.Fatalf("size %v", b)
	}
	var row []uint8
	for x := range sheet.Bounds().Dx() {
		row = append(row, sheet.RGBAAt(x, 3).R)
	}
	const g = 0x60
	if want := []uint8{g, g, 10, 10, 10, 10, g, g, g, g, g, g, g, g, 200, 200, 200, 200, g, g}; !bytes.Equal(row, want) {
		t.Errorf("row %v, want %v", row, want)
	}
	for side, want := range map[int]int{28: 4, 32: 4, 64: 2, 96: 1, 224: 1} {
		sheet, err := Sheet(columnsOf([][][]uint8{{make([]uint8, side*side)}}, side, side), 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := (sheet.Bounds().Dx() - 4) / side; got != want {
			t.Errorf("pictures of %d pixels are enlarged %d times, want %d", side, got, want)
		}
	}
}

func TestSheetRefuses(t *testing.T) {
	for want, sheet := range map[string]func() error{
		"1 or 3 channels":       func() error { _, err := Sheet(columnsOf(ramps(1, 1, 2), 5, 7), 2); return err },
		"no pictures":           func() error { _, err := Sheet([]Column{{Title: "empty"}}, 1); return err },
		"picture 0 of column 0": func() error { _, err := Sheet(columnsOf(ramps(1, 1, 1), 5, 7), 3); return err },
	} {
		if err := sheet(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}

// Titles and captions make room for themselves, above the columns and below the
// pictures: a line of text is 14 pixels high, a letter 7 wide.
func TestSheetTexts(t *testing.T) {
	sheet, err := Sheet([]Column{
		{Title: "t", H: 2, W: 3, Pictures: [][]uint8{make([]uint8, 6)}},
		{H: 1, W: 1, Pictures: [][]uint8{{255}}, Captions: []string{"label"}},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if b := sheet.Bounds(); b.Dx() != 2+12+8+35+2 || b.Dy() != 2+14+8+14+2 {
		t.Fatalf("size %v", b)
	}
	inked := func(x0, y0, x1, y1 int) (n int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if sheet.RGBAAt(x, y).R == 0xff {
					n++
				}
			}
		}
		return n
	}
	title, picture, caption := inked(2, 2, 14, 16), inked(22, 16, 26, 20), inked(22, 21, 57, 35)
	if title == 0 || picture != 16 || caption == 0 {
		t.Errorf("white pixels: %d of the title, %d of the picture, %d of the caption", title, picture, caption)
	}
}
