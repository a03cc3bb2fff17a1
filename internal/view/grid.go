package view

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// maxName is the width at which names in headers and cells are broken.
const maxName = 14

// grid is one table as text, the model that every format of a report shares.
type grid struct {
	title   string
	columns []column
	rows    [][]entry
	lead    int // columns that name a row, repeated where a grid is split; 0 means 1
}

type column struct {
	header string
	left   bool // text is left-aligned, numbers right
}

// entry is the text of one cell; strong entries are shown in bold.
type entry struct {
	text   string
	strong bool
}

// width of the rendered terminal table: two spaces between columns.
func (g grid) width() int {
	total := -2
	for i := range g.columns {
		total += g.columnWidth(i) + 2
	}
	return total
}

func (g grid) columnWidth(i int) int {
	width := 0
	for _, line := range wrapName(g.columns[i].header) {
		width = max(width, cells(line))
	}
	for _, row := range g.rows {
		for line := range strings.SplitSeq(row[i].text, "\n") {
			width = max(width, cells(line))
		}
	}
	return width
}

// writeTerminal draws the grid with a rule under its header.
func (g grid) writeTerminal(w io.Writer, s Style) error {
	look := renderer.NewBlueprint(tw.Rendition{
		Borders: tw.BorderNone,
		Symbols: tw.NewSymbolCustom("rule").WithRow("─").WithCenter("─"),
		Settings: tw.Settings{
			Separators: tw.SeparatorsNone,
			Lines:      tw.Lines{ShowHeaderLine: tw.On, ShowTop: tw.Off, ShowBottom: tw.Off},
		},
	})
	headers := make([]string, len(g.columns))
	for i, c := range g.columns {
		headers[i] = strings.Join(wrapName(c.header), "\n")
	}
	text, err := g.render(look, headers, func(e entry) string {
		if e.strong {
			return s.paint(bold, e.text)
		}
		return e.text
	})
	if err != nil {
		return err
	}
	return writeLines(w, strings.Join(wrap(g.title, s.width()), "\n"), text)
}

func (g grid) render(look tw.Renderer, headers []string, show func(entry) string) (string, error) {
	align := make([]tw.Align, len(g.columns))
	for i, c := range g.columns {
		align[i] = tw.AlignRight
		if c.left {
			align[i] = tw.AlignLeft
		}
	}
	padding := make([]tw.Padding, len(g.columns))
	for i := range padding {
		padding[i] = tw.Padding{Left: " ", Right: " ", Overwrite: true}
	}
	if look.Config().Borders.Left == tw.Off {
		padding[0].Left, padding[len(padding)-1].Right = "", ""
	}
	var out bytes.Buffer
	table := tablewriter.NewTable(&out,
		tablewriter.WithRenderer(look),
		// A locale must not decide that ± takes two columns.
		tablewriter.WithEastAsian(tw.Off),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithHeaderPaddingPerColumn(padding),
		tablewriter.WithRowPaddingPerColumn(padding),
	)
	table.Header(headers)
	for _, row := range g.rows {
		texts := make([]string, len(row))
		for i, e := range row {
			texts[i] = show(e)
		}
		if err := table.Append(texts); err != nil {
			return "", fmt.Errorf("draw table %q: %w", g.title, err)
		}
	}
	if err := table.Render(); err != nil {
		return "", fmt.Errorf("draw table %q: %w", g.title, err)
	}
	return out.String(), nil
}

// writeLines writes a title, if there is one, and a block of lines without
// trailing spaces.
func writeLines(w io.Writer, title, block string) error {
	var out strings.Builder
	if title != "" {
		fmt.Fprintln(&out, title)
	}
	for line := range strings.Lines(block) {
		fmt.Fprintln(&out, strings.TrimRight(line, " \n"))
	}
	_, err := io.WriteString(w, out.String())
	return err
}
