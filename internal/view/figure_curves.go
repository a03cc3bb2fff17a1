package view

import (
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// drawingsOf leaves out what a test set has no data for.
func drawingsOf(e *report.Evaluation, set *report.TestSet) []drawing {
	var all []drawing
	c := accuracyOf(set)
	if c != nil && len(c.Rows) > 1 {
		all = append(all, efficiencyDrawing(c))
	}
	if len(set.Details) == 0 {
		return all
	}
	most := set.Details[0].Labels
	for _, d := range set.Details {
		if d.Labels == 0 || most > 0 && d.Labels > most {
			most = d.Labels
		}
	}
	details := slices.DeleteFunc(slices.Clone(set.Details), func(d report.Detail) bool { return d.Labels != most })
	all = append(all, reliabilityDrawing(e, details))
	return append(all, confusionDrawings(set, details)...)
}

// efficiencyDrawing has accuracy by labels per class with t intervals over seeds.
func efficiencyDrawing(c *metrics.Comparison) drawing {
	p := newPlot("labels per class", "accuracy, %")
	place := budgetPlaces(c)
	ticks := make(plot.ConstantTicks, len(c.Rows))
	for i, row := range c.Rows {
		ticks[i] = plot.Tick{Value: place[i], Label: labelsCell(row.Labels)}
	}
	p.X.Tick.Marker = ticks
	width := place[len(place)-1] - place[0]
	p.Add(horizontalGrid())
	glyphs := make([]draw.GlyphStyle, len(c.Arms))
	for a := range c.Arms {
		glyphs[a] = armGlyph(a)
		offset := (float64(a) - float64(len(c.Arms)-1)/2) * width * min(0.02, 0.12/float64(len(c.Arms)))
		p.Add(&armCurve{points: curvePoints(c, a, place, offset), glyph: glyphs[a]})
	}
	p.X.Min, p.X.Max = place[0]-0.06*width, place[len(place)-1]+0.06*width
	air := 0.03 * (p.Y.Max - p.Y.Min)
	p.Y.Min, p.Y.Max = max(0, p.Y.Min-air), min(100, p.Y.Max+air)
	return withLegend("label-efficiency", columnWidth, 6*vg.Centimeter, p, c.Arms, glyphs)
}

// budgetPlaces are on a logarithmic axis; "all labels" has no number and stands one
// step behind the others.
func budgetPlaces(c *metrics.Comparison) []float64 {
	places := make([]float64, len(c.Rows))
	step := 0.5
	for i, row := range c.Rows {
		if row.Labels > 0 {
			places[i] = math.Log10(float64(row.Labels))
			if i > 0 {
				step = (places[i] - places[0]) / float64(i)
			}
		} else if i > 0 {
			places[i] = places[i-1] + step
		}
	}
	return places
}

// curvePoint is a mean in percent with its interval, which has no width where there
// is none.
type curvePoint struct{ x, y, lo, hi float64 }

func curvePoints(c *metrics.Comparison, arm int, place []float64, offset float64) []curvePoint {
	var points []curvePoint
	for i, row := range c.Rows {
		cell := row.Cells[arm]
		if cell.N == 0 {
			continue
		}
		p := curvePoint{place[i] + offset, 100 * cell.Mean, 100 * cell.Mean, 100 * cell.Mean}
		if interval, ok := cell.TInterval(metrics.Level); ok {
			p.lo, p.hi = 100*interval.Lo, 100*interval.Hi
		}
		points = append(points, p)
	}
	return points
}

// armCurve draws one arm: line, intervals and glyphs.
type armCurve struct {
	points []curvePoint
	glyph  draw.GlyphStyle
}

// Plot implements plot.Plotter.
func (a *armCurve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	style := draw.LineStyle{Color: a.glyph.Color, Width: thick}
	const half = 1.5
	var line []vg.Point
	for _, q := range a.points {
		line = append(line, vg.Point{X: x(q.x), Y: y(q.y)})
	}
	c.StrokeLines(style, c.ClipLinesXY(line)...)
	style.Width = thin
	for i, q := range a.points {
		at := line[i]
		for _, end := range []float64{q.lo, q.hi} {
			c.StrokeLine2(style, at.X-half, y(end), at.X+half, y(end))
		}
		c.StrokeLine2(style, at.X, y(q.lo), at.X, y(q.hi))
		c.DrawGlyph(a.glyph, at)
	}
}

// DataRange implements plot.DataRanger.
func (a *armCurve) DataRange() (xmin, xmax, ymin, ymax float64) {
	xmin, xmax, ymin, ymax = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, q := range a.points {
		xmin, xmax = min(xmin, q.x), max(xmax, q.x)
		ymin, ymax = min(ymin, q.lo), max(ymax, q.hi)
	}
	return xmin, xmax, ymin, ymax
}

func horizontalGrid() *plotter.Grid {
	grid := plotter.NewGrid()
	grid.Vertical.Width = 0
	grid.Horizontal = draw.LineStyle{Color: gridColor, Width: thin}
	return grid
}

// reliabilityDrawing has accuracy by probability, one line an arm.
func reliabilityDrawing(e *report.Evaluation, details []report.Detail) drawing {
	p := newPlot("probability of the predicted class, %", "right, %")
	diagonal := plotter.NewFunction(func(x float64) float64 { return x })
	diagonal.LineStyle = draw.LineStyle{Color: mutedColor, Width: thin, Dashes: []vg.Length{2, 2}}
	diagonal.Samples = 2
	p.Add(horizontalGrid(), diagonal)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 100, 0, 100
	var ticks plot.ConstantTicks
	for at := 0; at <= 100; at += 20 {
		ticks = append(ticks, plot.Tick{Value: float64(at), Label: strconv.Itoa(at)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks, ticks
	var names []string
	var glyphs []draw.GlyphStyle
	for i, arm := range e.Arms {
		for _, d := range details {
			if d.Arm != arm.Name {
				continue
			}
			curve := &armCurve{glyph: armGlyph(i)}
			for _, b := range d.Bins {
				if b.Count > 0 {
					curve.points = append(curve.points, curvePoint{100 * b.Confidence, 100 * b.Accuracy, 100 * b.Accuracy, 100 * b.Accuracy})
				}
			}
			p.Add(curve)
			names, glyphs = append(names, arm.Name), append(glyphs, curve.glyph)
		}
	}
	return withLegend("reliability", columnWidth, 7*vg.Centimeter, p, names, glyphs)
}
