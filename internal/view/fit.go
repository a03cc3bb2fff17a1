package view

import "strings"

// split cuts a grid into grids that fit, each with the columns that name a row.
// A column that does not fit beside them stays whole.
func (g grid) split(width int) []grid {
	lead := max(1, g.lead)
	if g.width() <= width || len(g.columns) < lead+2 {
		return []grid{g}
	}
	first := -2
	for i := range lead {
		first += g.columnWidth(i) + 2
	}
	var parts []grid
	for start := lead; start < len(g.columns); {
		end, used := start, first
		for end < len(g.columns) && (end == start || used+2+g.columnWidth(end) <= width) {
			used += 2 + g.columnWidth(end)
			end++
		}
		parts = append(parts, g.take(lead, start, end))
		start = end
	}
	for i := range parts[1:] {
		parts[i+1].title = "(continued)"
	}
	return parts
}

// take is the grid of the leading columns and the columns [start, end).
func (g grid) take(lead, start, end int) grid {
	part := grid{title: g.title, columns: append(append([]column{}, g.columns[:lead]...), g.columns[start:end]...)}
	for _, row := range g.rows {
		part.rows = append(part.rows, append(append([]entry{}, row[:lead]...), row[start:end]...))
	}
	return part
}

// breakNames wraps the long names of one column.
func (g grid) breakNames(column int) grid {
	for _, row := range g.rows {
		row[column].text = strings.Join(wrapName(row[column].text), "\n")
	}
	return g
}

// narrowed breaks the names of rows only where there is no room.
func (g grid) narrowed(width int) grid {
	if len(g.rows) > 0 && g.width() > width {
		return g.breakNames(0)
	}
	return g
}

// wrapLast breaks the texts of the last column into lines that let the grid fit,
// but not into lines shorter than least.
func (g grid) wrapLast(width, least int) grid {
	last := len(g.columns) - 1
	room := max(least, width-(g.width()-g.columnWidth(last)))
	for _, row := range g.rows {
		row[last].text = strings.Join(wrap(row[last].text, room), "\n")
	}
	return g
}
