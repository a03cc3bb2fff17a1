package transform

import (
	"fmt"
	"image"
	"image/color"
)

// Measures of a sheet, in pixels.
const (
	sheetGutter = 2   // between pictures and around them
	sheetRift   = 8   // between the originals and their views
	sheetSide   = 128 // small pictures are enlarged towards this size,
	sheetScale  = 4   // at most so many times
)

var sheetGround = color.RGBA{R: 0x60, G: 0x68, B: 0x78, A: 0xff} // told apart from black, white and grey pictures

// Sheet composes a contact sheet of what a network will see. Each row is one
// example: its original picture, then its augmented views. A picture is uint8
// [h, w, c] with 1 (grey) or 3 (RGB) channels. Small pictures are enlarged by
// repeating pixels. Rows may be of different lengths. The same pictures give
// the same sheet.
func Sheet(rows [][][]uint8, h, w, c int) (*image.RGBA, error) {
	if h < 1 || w < 1 || c != 1 && c != 3 {
		return nil, fmt.Errorf("compose sheet: pictures must have 1 or 3 channels, not the shape %d x %d x %d", h, w, c)
	}
	columns := 0
	for _, row := range rows {
		columns = max(columns, len(row))
	}
	if columns == 0 {
		return nil, fmt.Errorf("compose sheet: no pictures")
	}
	scale := min(sheetScale, max(1, sheetSide/max(h, w)))
	left := func(column int) int {
		x := sheetGutter + column*(w*scale+sheetGutter)
		if column > 0 {
			x += sheetRift - sheetGutter
		}
		return x
	}
	top := func(row int) int { return sheetGutter + row*(h*scale+sheetGutter) }

	sheet := image.NewRGBA(image.Rect(0, 0, left(columns-1)+w*scale+sheetGutter, top(len(rows))))
	fill(sheet, sheet.Bounds(), sheetGround)
	for i, row := range rows {
		for j, pixels := range row {
			if len(pixels) != h*w*c {
				return nil, fmt.Errorf("compose sheet: picture %d of row %d has %d bytes, not %d x %d x %d", j, i, len(pixels), h, w, c)
			}
			paint(sheet, left(j), top(i), scale, pixels, w, c)
		}
	}
	return sheet, nil
}

// paint draws a picture of w columns and c channels with its corner at (x, y).
func paint(sheet *image.RGBA, x, y, scale int, pixels []uint8, w, c int) {
	for k := range len(pixels) / c {
		p := pixels[k*c : (k+1)*c]
		shade := color.RGBA{R: p[0], G: p[c/2], B: p[c-1], A: 0xff}
		corner := image.Pt(x+k%w*scale, y+k/w*scale)
		fill(sheet, image.Rectangle{Min: corner, Max: corner.Add(image.Pt(scale, scale))}, shade)
	}
}

func fill(sheet *image.RGBA, r image.Rectangle, shade color.RGBA) {
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			sheet.SetRGBA(x, y, shade)
		}
	}
}
