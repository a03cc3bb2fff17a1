package view

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"regexp"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"sslpipe/internal/report"
)

// Figure is a file for an article.
type Figure struct {
	Name string
	Data []byte
}

// Figures draws label efficiency, reliability and confusion of every test set for
// articles, each as PNG, SVG and PDF. They are made for columns of 8.5 cm and can
// be scaled to 17; the same report gives the same bytes.
func Figures(r *report.Report) ([]Figure, error) {
	var figures []Figure
	taken := names{}
	for i := range r.Evaluations {
		e := &r.Evaluations[i]
		for j := range e.Sets {
			name := slug(e.Name)
			if len(e.Sets) > 1 {
				name += "-" + slug(e.Sets[j].Name)
			}
			name = taken.fresh(name)
			for _, d := range drawingsOf(e, &e.Sets[j]) {
				files, err := d.files(name, r.Started)
				if err != nil {
					return nil, fmt.Errorf("draw %s of %s: %w", d.name, setTitle(e, &e.Sets[j]), err)
				}
				figures = append(figures, files...)
			}
		}
	}
	return figures, nil
}

// names numbers names that are the same without what a file's name cannot have.
type names map[string]bool

func (n names) fresh(name string) string {
	free := name
	for i := 2; n[free]; i++ {
		free = fmt.Sprintf("%s-%d", name, i)
	}
	n[free] = true
	return free
}

// drawing is a figure of no format yet.
type drawing struct {
	name          string
	width, height vg.Length
	draw          func(draw.Canvas)
}

const columnWidth = 8.5 * vg.Centimeter

// pngDPI is twice the resolution of a screen.
const pngDPI = 192

func (d drawing) files(name string, date time.Time) ([]Figure, error) {
	var figures []Figure
	for _, f := range []struct {
		extension string
		canvas    vg.CanvasWriterTo
	}{
		{"png", vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(d.width, d.height), vgimg.UseDPI(pngDPI))}},
		{"svg", vgsvg.New(d.width, d.height)},
		{"pdf", vgpdf.New(d.width, d.height)},
	} {
		data, err := d.render(f.canvas)
		if err != nil {
			return nil, err
		}
		figures = append(figures, Figure{Name: name + "-" + d.name + "." + f.extension, Data: Dated(data, date)})
	}
	return figures, nil
}

// render draws on a canvas. That of PDF writes its fonts to temporary files, and
// panics with a text where it cannot.
func (d drawing) render(canvas vg.CanvasWriterTo) (data []byte, err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case string:
			err = errors.New(v)
		default:
			panic(v)
		}
	}()
	d.draw(draw.New(canvas))
	var out bytes.Buffer
	_, err = canvas.WriteTo(&out)
	return out.Bytes(), err
}

var pdfDate = regexp.MustCompile(`\(D:\d{14}\)`)

// Dated puts the date of a run, which repeats, in the place of that in a PDF. The
// offsets in a PDF stay right, since all dates are as long.
func Dated(file []byte, date time.Time) []byte {
	if !bytes.HasPrefix(file, []byte("%PDF")) {
		return file
	}
	return pdfDate.ReplaceAll(file, []byte("(D:"+date.UTC().Format("20060102150405")+")"))
}

// Sizes of text and of lines.
const (
	labelSize = 8 * vg.Length(1)
	tickSize  = 7 * vg.Length(1)
	cellSize  = 6 * vg.Length(1)
	thin      = vg.Length(0.5)
	thick     = vg.Length(1)
)

var (
	inkColor   = color.NRGBA{0x1c, 0x1e, 0x21, 0xff}
	mutedColor = color.NRGBA{0x5c, 0x63, 0x6b, 0xff}
	gridColor  = color.NRGBA{0xd9, 0xdd, 0xe1, 0xff}
	heatColor  = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
)

// armColors are those of the page in its light theme, in the same order.
var armColors = []color.NRGBA{
	inkColor, {0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff}, {0xe6, 0x9f, 0x00, 0xff}, {0x56, 0xb4, 0xe9, 0xff}, {0xb5, 0xa8, 0x00, 0xff},
}

var armShapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, diamond{}}

// armGlyph is, as on the page, how an arm is drawn by its place among the arms.
func armGlyph(i int) draw.GlyphStyle {
	return draw.GlyphStyle{
		Color:  armColors[i%len(armColors)],
		Shape:  armShapes[(i+i/len(armColors))%len(armShapes)],
		Radius: vg.Points(2.2),
	}
}

// diamond is a glyph that the library does not have.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	r := s.Radius * 1.25
	c.FillPolygon(s.Color, []vg.Point{{X: at.X, Y: at.Y - r}, {X: at.X + r, Y: at.Y}, {X: at.X, Y: at.Y + r}, {X: at.X - r, Y: at.Y}})
}

func sans(size vg.Length) text.Style {
	return text.Style{
		Color:   inkColor,
		Font:    font.Font{Typeface: "Liberation", Variant: "Sans", Size: size},
		Handler: text.Plain{Fonts: font.DefaultCache},
		XAlign:  text.XCenter, YAlign: text.YCenter,
	}
}

// newPlot has the look of all figures.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	for _, a := range []struct {
		axis  *plot.Axis
		label string
	}{{&p.X, x}, {&p.Y, y}} {
		a.axis.Label.Text = a.label
		restyle(&a.axis.Label.TextStyle, labelSize)
		restyle(&a.axis.Tick.Label, tickSize)
		a.axis.Width, a.axis.Tick.Width = thin, thin
		a.axis.Color, a.axis.Tick.Color = mutedColor, mutedColor
		a.axis.Tick.Length = vg.Points(3)
		a.axis.Padding = vg.Points(3)
	}
	return p
}

// restyle keeps how a text is aligned and turned.
func restyle(s *text.Style, size vg.Length) {
	own := sans(size)
	s.Font, s.Handler, s.Color = own.Font, own.Handler, own.Color
}
