package main

import (
	"bytes"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// bar is one line of the plot: how many times better we are than one contender.
type bar struct {
	name                      string
	median, smallest, largest float64
}

// bars are the ratios of a report, the first result first.
func (r report) bars() []bar {
	var all []bar
	for _, result := range r.Results {
		for _, row := range result.Rows {
			if s := summarise(result.times(row)); s.N > 0 {
				all = append(all, bar{result.Workload + ", " + result.Case + ": " + row.Contender, s.Median, s.Smallest, s.Largest})
			}
		}
	}
	return all
}

var (
	betterColor = color.NRGBA{0x00, 0x72, 0xb2, 0xff}
	worseColor  = color.NRGBA{0xd5, 0x5e, 0x00, 0xff}
	gridColor   = color.NRGBA{0xd9, 0xdd, 0xe1, 0xff}
)

// plot draws the ratios as SVG, on a logarithmic axis with the range over rounds.
func (r report) plot() ([]byte, error) {
	all := r.bars()
	p := plot.New()
	p.Title.Text = r.Machine.String() + ", " + r.Date
	p.X.Label.Text = "times better than the contender (1: equal)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(ticks)
	grid := plotter.NewGrid()
	grid.Horizontal.Width, grid.Vertical.Color = 0, gridColor
	p.Add(grid)
	names := make([]plot.Tick, len(all))
	p.X.Min, p.X.Max = 0.5, 4
	for i, b := range all {
		at := float64(len(all) - i)
		names[i] = plot.Tick{Value: at, Label: b.name}
		p.Add(b.at(at))
		p.X.Min, p.X.Max = math.Min(p.X.Min, b.smallest*0.9), math.Max(p.X.Max, b.largest*1.1)
	}
	p.Y.Tick.Marker = plot.ConstantTicks(names)
	p.Y.Min, p.Y.Max = 0.3, float64(len(all))+0.7
	canvas := vgsvg.New(26*vg.Centimeter, vg.Length(3+0.55*float64(len(all)))*vg.Centimeter)
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	_, err := canvas.WriteTo(&out)
	return out.Bytes(), err
}

// ticks are those of a logarithmic axis that people read without thinking.
var ticks = []plot.Tick{
	{Value: 0.1, Label: "0.1"}, {Value: 0.2, Label: "0.2"}, {Value: 0.5, Label: "0.5"}, {Value: 1, Label: "1"}, {Value: 1.5, Label: "1.5"},
	{Value: 2, Label: "2"}, {Value: 3, Label: "3"}, {Value: 5, Label: "5"}, {Value: 10, Label: "10"}, {Value: 20, Label: "20"},
	{Value: 50, Label: "50"}, {Value: 100, Label: "100"}, {Value: 1000, Label: "1000"},
}

// at places a bar on the plot's line.
func (b bar) at(y float64) plot.Plotter { return placed{b, y} }

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
	c.DrawGlyph(draw.GlyphStyle{Color: style.Color, Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}}, vg.Point{X: x(b.median), Y: y(b.y)})
}
