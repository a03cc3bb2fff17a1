package view

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// legendEntry is a name with its glyph at a place in the legend, from its top left.
type legendEntry struct {
	name  string
	glyph draw.GlyphStyle
	x, y  vg.Length
}

const (
	legendLine = 11 * vg.Length(1)
	legendIcon = 10 * vg.Length(1)
	legendGap  = 10 * vg.Length(1)
)

// withLegend puts the names below the plot in as many lines as they need, where
// they cover nothing.
func withLegend(name string, width, height vg.Length, p *plot.Plot, names []string, glyphs []draw.GlyphStyle) drawing {
	style := sans(tickSize)
	style.XAlign = draw.XLeft
	var entries []legendEntry
	x, y := legendGap, vg.Length(0)
	for i, name := range names {
		name = shortened(name, 40)
		wide := legendIcon + style.Width(name) + legendGap
		if x > legendGap && x+wide > width {
			x, y = legendGap, y+legendLine
		}
		entries = append(entries, legendEntry{name, glyphs[i], x, y})
		x += wide
	}
	room := y + legendLine + vg.Points(3)
	return drawing{name: name, width: width, height: height + room, draw: func(c draw.Canvas) {
		fillPaper(c)
		p.Draw(draw.Crop(c, 2, -6, room, -4))
		for _, e := range entries {
			middle := c.Min.Y + room - legendLine/2 - e.y
			c.DrawGlyph(e.glyph, vg.Point{X: c.Min.X + e.x + 3, Y: middle})
			c.FillText(style, vg.Point{X: c.Min.X + e.x + legendIcon, Y: middle}, e.name)
		}
	}}
}

// shortened cuts a name that there is no room for.
func shortened(name string, most int) string {
	letters := []rune(name)
	if len(letters) <= most {
		return name
	}
	return string(letters[:most-1]) + "…"
}
