package transform

import (
	"fmt"
	"image"
	"image/color"
	painter "image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Measures of a sheet, in pixels.
const (
	sheetGutter = 2   // between pictures and around them
	sheetRift   = 8   // between the first column and the others
	sheetSide   = 128 // small pictures are enlarged towards this size,
	sheetScale  = 4   // at most so many times
	sheetText   = 14  // height of a line of text
)

var (
	sheetGround = color.RGBA{R: 0x60, G: 0x68, B: 0x78, A: 0xff} // told apart from black, white and grey pictures
	sheetInk    = image.NewUniform(color.RGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff})
)

// Column is a column of a sheet: pictures of one size, one for each row.
type Column struct {
	Title    string // above the column, if there is one
	H, W     int
	Pictures [][]uint8 // each uint8 [H, W, c]
	Captions []string  // below each picture, if there are any
}

// Sheet composes a contact sheet of what a network will see. Each row is one
// example: its original picture, then its augmented views or whatever is made of
// it. Pictures have c channels, 1 (grey) or 3 (RGB). Small pictures are enlarged
// by repeating pixels. Columns may be of different lengths. The same pictures
// give the same sheet.
func Sheet(columns []Column, c int) (*image.RGBA, error) {
	if c != 1 && c != 3 {
		return nil, fmt.Errorf("compose sheet: pictures must have 1 or 3 channels, not %d", c)
	}
	l := layoutOf(columns)
	if l.rows == 0 || len(columns) == 0 {
		return nil, fmt.Errorf("compose sheet: no pictures")
	}
	sheet := image.NewRGBA(image.Rect(0, 0, l.left[len(columns)], l.top(l.rows)))
	fill(sheet, sheet.Bounds(), sheetGround)
	for j, column := range columns {
		write(sheet, l.left[j], sheetGutter, column.Title)
		for i, pixels := range column.Pictures {
			if column.H < 1 || column.W < 1 || len(pixels) != column.H*column.W*c {
				return nil, fmt.Errorf("compose sheet: picture %d of column %d has %d bytes, not %d x %d x %d", i, j, len(pixels), column.H, column.W, c)
			}
			paint(sheet, l.left[j], l.top(i), column.scale(), pixels, column.W, c)
			if i < len(column.Captions) {
				write(sheet, l.left[j], l.top(i)+column.H*column.scale()+1, column.Captions[i])
			}
		}
	}
	return sheet, nil
}

// scale is how many times a column's pictures are enlarged.
func (c Column) scale() int { return min(sheetScale, max(1, sheetSide/max(c.H, c.W, 1))) }

// width is that of the column's pictures and texts.
func (c Column) width() int {
	width := c.W * c.scale()
	for _, text := range append([]string{c.Title}, c.Captions...) {
		width = max(width, font.MeasureString(basicfont.Face7x13, text).Ceil())
	}
	return width
}

// sheetLayout says where columns and rows begin.
type sheetLayout struct {
	left          []int // of each column, and of what comes after the last
	rows          int
	head, between int // height of the titles, distance from row to row
}

func layoutOf(columns []Column) sheetLayout {
	l := sheetLayout{left: []int{sheetGutter}}
	high, text := 0, 0
	for j, c := range columns {
		gap := sheetGutter
		if j == 0 && len(columns) > 1 {
			gap = sheetRift
		}
		l.left = append(l.left, l.left[j]+c.width()+gap)
		l.rows = max(l.rows, len(c.Pictures))
		high = max(high, c.H*c.scale())
		if c.Title != "" {
			l.head = sheetText
		}
		if len(c.Captions) > 0 {
			text = sheetText
		}
	}
	l.between = high + text + sheetGutter
	return l
}

func (l sheetLayout) top(row int) int { return sheetGutter + l.head + row*l.between }

// write puts a line of text with its upper left corner at (x, y).
func write(sheet *image.RGBA, x, y int, text string) {
	face := basicfont.Face7x13
	d := font.Drawer{Dst: sheet, Src: sheetInk, Face: face, Dot: fixed.P(x, y+face.Ascent)}
	d.DrawString(text)
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
	painter.Draw(sheet, r, image.NewUniform(shade), image.Point{}, painter.Src)
}
