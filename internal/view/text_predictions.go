package view

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
)

// Filled is a text with what a model puts in the places of its masks.
type Filled struct {
	Text   string   // as it was given
	Result string   // with the likeliest word in each place
	Masks  [][]Word // for each place the likeliest words, the likeliest first
}

// Word is a token that a model would put somewhere.
type Word struct {
	Token       string  `json:"token"`
	Probability float64 `json:"probability"`
}

// Continued is a text with what a model writes behind it.
type Continued struct{ Text, Continuation string }

// textTable is a table that is written when all of it is known.
type textTable struct {
	w     io.Writer
	style Style
	grid  grid
}

// Close writes the table.
func (t *textTable) Close() error {
	if len(t.grid.rows) == 0 {
		return nil
	}
	return t.grid.writeTerminal(t.w, t.style)
}

// FilledText draws a table with a line for each place: its top likeliest words.
func FilledText(w io.Writer, top int, s Style) Results[Filled] {
	t := &filledText{textTable{w: w, style: s}, top}
	t.grid.columns = []column{{header: "text", left: true}, {header: "place"}}
	for i := range top {
		t.grid.columns = append(t.grid.columns, column{header: ordinal(i + 1), left: true}, column{})
	}
	return t
}

type filledText struct {
	textTable
	top int
}

func (t *filledText) Add(f Filled) error {
	for i, words := range f.Masks {
		row := []entry{{text: Texts.cell(f.Text)}, {text: strconv.Itoa(i + 1)}}
		if i > 0 {
			row[0].text = ""
		}
		for j, word := range words[:min(t.top, len(words))] {
			row = append(row, entry{text: oneLine(word.Token), strong: j == 0},
				entry{text: strconv.FormatFloat(100*word.Probability, 'f', 1, 64) + " %"})
		}
		for len(row) < len(t.grid.columns) {
			row = append(row, entry{})
		}
		t.grid.rows = append(t.grid.rows, row)
	}
	return nil
}

// ContinuedText writes each text with its continuation, an empty line between two.
func ContinuedText(w io.Writer, s Style) Results[Continued] { return &continuedText{w: w, style: s} }

type continuedText struct {
	w     io.Writer
	style Style
	next  bool // not the first
}

func (t *continuedText) Add(c Continued) error {
	before := ""
	if t.next {
		before = "\n"
	}
	t.next = true
	_, err := fmt.Fprintf(t.w, "%s%s%s\n", before, t.style.paint(bold, printable(c.Text)), printable(c.Continuation))
	return err
}

func (*continuedText) Close() error { return nil }

// FilledCSV writes a header, and for each of the top likeliest words of each place of
// each text a line.
func FilledCSV(w io.Writer) Results[Filled] {
	t := &filledCSV{newTextCSV(w)}
	t.line("text", "place", "rank", "token", "probability")
	return t
}

type filledCSV struct{ *textCSV }

func (t *filledCSV) Add(f Filled) error {
	for i, words := range f.Masks {
		for j, word := range words {
			t.line(f.Text, strconv.Itoa(i+1), strconv.Itoa(j+1), word.Token, strconv.FormatFloat(word.Probability, 'g', 7, 64))
		}
	}
	return t.failure()
}

// ContinuedCSV writes a header, and a line for each text.
func ContinuedCSV(w io.Writer) Results[Continued] {
	t := &continuedCSV{newTextCSV(w)}
	t.line("text", "continuation")
	return t
}

type continuedCSV struct{ *textCSV }

func (t *continuedCSV) Add(c Continued) error {
	t.line(c.Text, c.Continuation)
	return t.failure()
}

// textCSV writes lines and keeps the first error.
type textCSV struct {
	out *csv.Writer
	err error
}

func newTextCSV(w io.Writer) *textCSV { return &textCSV{out: csv.NewWriter(w)} }

func (t *textCSV) line(fields ...string) {
	if t.err == nil {
		t.err = t.out.Write(fields)
	}
}

// Close writes what is left.
func (t *textCSV) Close() error {
	t.out.Flush()
	if t.err == nil {
		t.err = t.out.Error()
	}
	return t.failure()
}

func (t *textCSV) failure() error {
	if t.err != nil {
		return fmt.Errorf("write CSV: %w", t.err)
	}
	return nil
}

// FilledJSON writes one document: the model, and for each text what it is, what it
// became and the likeliest words of each place.
func FilledJSON(w io.Writer, model string) Results[Filled] {
	return filledJSON{newJSONList(w, Texts.many, member{"model", model})}
}

type filledJSON struct{ *jsonList }

func (j filledJSON) Add(f Filled) error {
	return j.add(member{Texts.key, f.Text}, member{"filled", f.Result}, member{"masks", f.Masks})
}

// ContinuedJSON writes one document: the model, and for each text what it is and its
// continuation.
func ContinuedJSON(w io.Writer, model string) Results[Continued] {
	return continuedJSON{newJSONList(w, Texts.many, member{"model", model})}
}

type continuedJSON struct{ *jsonList }

func (j continuedJSON) Add(c Continued) error {
	return j.add(member{Texts.key, c.Text}, member{"continuation", c.Continuation})
}
