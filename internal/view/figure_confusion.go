package view

import (
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"sslpipe/internal/report"
)

// confusionDrawings has one matrix an arm.
func confusionDrawings(set *report.TestSet, details []report.Detail) []drawing {
	var all []drawing
	taken := names{}
	for _, d := range details {
		if len(d.Confusion) == len(set.Classes) {
			all = append(all, confusionDrawing(taken.fresh("confusion-"+slug(d.Arm)), set, d))
		}
	}
	return all
}

// longestClass is how many letters of a class's name there is room for.
const longestClass = 14

func confusionDrawing(name string, set *report.TestSet, d report.Detail) drawing {
	p := newPlot("predicted", "true class")
	n := len(set.Classes)
	columns, rows := make(plot.ConstantTicks, n), make(plot.ConstantTicks, n)
	for i, class := range set.Classes {
		class = shortened(class, longestClass)
		columns[i] = plot.Tick{Value: float64(i), Label: class}
		rows[i] = plot.Tick{Value: float64(n - 1 - i), Label: class}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = columns, rows
	p.X.Tick.Label.Rotation = math.Pi / 4
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YTop
	size := min(tickSize, columnWidth*0.65/vg.Length(n))
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Padding, axis.Width, axis.Tick.Length = 0, 0, 2
		axis.Tick.Label.Font.Size = size
	}
	p.Add(&matrix{counts: d.Confusion})
	return drawing{name: name, width: columnWidth, height: columnWidth, draw: func(c draw.Canvas) {
		fillPaper(c)
		p.Draw(draw.Crop(c, 2, -4, 2, -4))
	}}
}

// matrix draws counts in percent of their row, the first row at the top.
type matrix struct{ counts [][]int }

// Plot implements plot.Plotter.
func (m *matrix) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	n := len(m.counts)
	width := x(1) - x(0)
	numbers := sans(min(cellSize, width*0.45))
	for t, row := range m.counts {
		sum := 0
		for _, count := range row {
			sum += count
		}
		for k, count := range row {
			share := float64(count) / float64(max(1, sum))
			left, bottom := x(float64(k)-0.5), y(float64(n-1-t)-0.5)
			right, top := x(float64(k)+0.5), y(float64(n-1-t)+0.5)
			cell := []vg.Point{{X: left, Y: bottom}, {X: right, Y: bottom}, {X: right, Y: top}, {X: left, Y: top}}
			c.FillPolygon(heat(share), cell)
			c.StrokeLines(draw.LineStyle{Color: gridColor, Width: thin / 2}, append(cell, cell[0]))
			if percent := math.Round(100 * share); percent > 0 && width > 8 {
				numbers.Color = inkColor
				if share > 0.8 {
					numbers.Color = color.White
				}
				c.FillText(numbers, vg.Point{X: (left + right) / 2, Y: (top + bottom) / 2}, strconv.Itoa(int(percent)))
			}
		}
	}
}

// DataRange implements plot.DataRanger.
func (m *matrix) DataRange() (xmin, xmax, ymin, ymax float64) {
	end := float64(len(m.counts)) - 0.5
	return -0.5, end, -0.5, end
}

// heat goes from white to its colour.
func heat(share float64) color.Color {
	mix := func(c uint8) uint8 { return uint8(math.Round(255 + share*(float64(c)-255))) }
	return color.NRGBA{mix(heatColor.R), mix(heatColor.G), mix(heatColor.B), 255}
}

func fillPaper(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Path())
}
