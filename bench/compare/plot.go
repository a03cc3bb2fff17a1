package main

import (
	"bytes"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// bar is one line of the plot: how many times better we are than one contender.
type bar struct {
	name                      string
	median, smallest, largest float64
}

// bars are the ratios to what people would use instead, the first result first.
func (r report) bars() []bar {
	var all []bar
	for _, result := range r.Results {
		for _, row := range result.Rows {
			if result.Limits || strings.HasPrefix(row.Contender, ourName) {
				continue
			}
			if s := summarise(result.times(row)); s.N > 0 {
				all = append(all, bar{result.Workload + ", " + result.Case + ": " + row.Contender, s.Median, s.Smallest, s.Largest})
			}
		}
	}
	return all
}

// ourName begins the name of each contender that is ours.
const ourName = "sslpipe"

var (
	betterColor = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	worseColor  = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	gridColor   = color.NRGBA{0xd9, 0xdd, 0xe1, 0xff}
)

const (
	plotWidth  = 27 * vg.Centimeter
	nameWidth  = 13 * vg.Centimeter // room for names, which viewers draw in fonts of their own
	lineHeight = 0.5 * vg.Centimeter
)

// plot draws the ratios as SVG, on a logarithmic axis with the range over rounds.
func (r report) plot() ([]byte, error) {
	all := r.bars()
	p := plot.New()
	p.X.Label.Text = "times better than the contender (1: equal), " + r.Machine.String() + ", " + r.Date
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(ticks)
	p.HideY()
	for _, style := range []*text.Style{&p.X.Label.TextStyle, &p.X.Tick.Label} {
		style.Font = sans
	}
	grid := plotter.NewGrid()
	grid.Horizontal.Width, grid.Vertical.Color = 0, gridColor
	p.Add(grid)
	p.X.Min, p.X.Max = 0.5, 4
	for i, b := range all {
		p.Add(placed{b, float64(len(all) - i)})
		p.X.Min, p.X.Max = math.Min(p.X.Min, b.smallest*0.9), math.Max(p.X.Max, b.largest*1.1)
	}
	p.Y.Min, p.Y.Max = 0.5, float64(len(all))+0.5
	canvas := vgsvg.New(plotWidth, lineHeight*vg.Length(len(all)+3))
	area := draw.New(canvas)
	area.SetColor(color.White)
	area.Fill(area.Path())
	p.Draw(draw.Crop(area, nameWidth, -10, 4, -4))
	var out bytes.Buffer
	_, err := canvas.WriteTo(&out)
	return out.Bytes(), err
}

var sans = font.Font{Typeface: "Liberation", Variant: "Sans", Size: 9}

// ticks are those of a logarithmic axis that people read without thinking.
var ticks = []plot.Tick{
	{Value: 0.1, Label: "0.1"}, {Value: 0.2, Label: "0.2"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1"}, {Value: 1.5, Label: "1.5"},
	{Value: 2, Label: "2"}, {Value: 3, Label: "3"}, {Value: 5, Label: "5"}, {Value: 10, Label: "10"}, {Value: 20, Label: "20"},
	{Value: 50, Label: "50"}, {Value: 100, Label: "100"}, {Value: 1000, Label: "1000"},
}

// placed is a bar on its line of the plot.
type placed struct {
	bar
	y float64
}

// Plot implements plot.Plotter.
func (b placed) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: betterColor, Width: vg.Points(1.2)}
	if b.median < 1 {
		style.Color = worseColor
	}
	c.StrokeLine2(style, x(b.smallest), y(b.y), x(b.largest), y(b.y))
	c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}, vg.Point{X: x(b.median), Y: y(b.y)})
	name := text.Style{Color: color.Black, Font: sans, Handler: text.Plain{Fonts: font.DefaultCache}, YAlign: text.YCenter}
	c.FillText(name, vg.Point{X: 8, Y: y(b.y)}, b.name)
}
