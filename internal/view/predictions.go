package view

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Prediction is what a classifier makes of one image or text.
type Prediction struct {
	Subject       string    // the path of an image, or a text
	Probabilities []float32 // finite, one for each class
}

// Results writes results as they come. Close writes the end.
type Results[T any] interface {
	Add(result T) error
	Close() error
}

// Predictions writes what a classifier says.
type Predictions = Results[Prediction]

// best returns the classes of the n largest probabilities, the first of equals
// first.
func (p Prediction) best(n int) []int {
	order := make([]int, len(p.Probabilities))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.Probabilities[b], p.Probabilities[a]) })
	return order[:min(n, len(order))]
}

// Subjects is what is predicted, as formats call it.
type Subjects struct{ one, many, key string }

// What can be predicted.
var (
	Images = Subjects{"image", "images", "path"}
	Texts  = Subjects{"text", "texts", "text"}
)

// longestSubject is how many letters of a text a table shows.
const longestSubject = 32

// cell is how a table shows a subject: paths as a whole, and so much of texts as there
// is room for.
func (s Subjects) cell(subject string) string {
	if s == Texts {
		subject = shortened(subject, longestSubject)
	}
	return oneLine(subject)
}

// PredictionText draws a table with a line for each subject: its top most probable
// classes. Columns can only be aligned when all lines are known, so that it is
// written by Close.
func PredictionText(w io.Writer, of Subjects, classes []string, top int, s Style) Predictions {
	t := &predictionText{w: w, of: of, classes: classes, top: min(top, len(classes)), style: s}
	t.grid.columns = []column{{header: of.one, left: true}}
	for i := range t.top {
		t.grid.columns = append(t.grid.columns, column{header: ordinal(i + 1), left: true}, column{})
	}
	return t
}

type predictionText struct {
	w       io.Writer
	of      Subjects
	classes []string
	top     int
	style   Style
	grid    grid
}

func (t *predictionText) Add(p Prediction) error {
	row := []entry{{text: t.of.cell(p.Subject)}}
	for i, class := range p.best(t.top) {
		row = append(row, entry{text: oneLine(t.classes[class]), strong: i == 0},
			entry{text: strconv.FormatFloat(100*float64(p.Probabilities[class]), 'f', 1, 64) + " %"})
	}
	t.grid.rows = append(t.grid.rows, row)
	return nil
}

func (t *predictionText) Close() error {
	if len(t.grid.rows) == 0 {
		return nil
	}
	return t.grid.writeTerminal(t.w, t.style)
}

// ordinal formats as "1st".
func ordinal(n int) string {
	suffix := "th"
	switch tens := n / 10 % 10; {
	case tens != 1 && n%10 == 1:
		suffix = "st"
	case tens != 1 && n%10 == 2:
		suffix = "nd"
	case tens != 1 && n%10 == 3:
		suffix = "rd"
	}
	return strconv.Itoa(n) + suffix
}

// Quoted is how a message names a text: its beginning, in quotes.
func Quoted(text string) string { return strconv.Quote(shortened(text, longestSubject)) }

// oneLine makes a cell of a name that may hold anything.
func oneLine(name string) string {
	return strings.NewReplacer("\n", "�", "\t", "�").Replace(printable(name))
}

// PredictionCSV writes a header, and for each subject a line with its most
// probable class and the probabilities of all, in columns named p_CLASS.
func PredictionCSV(w io.Writer, of Subjects, classes []string) Predictions {
	c := &predictionCSV{out: csv.NewWriter(w), classes: classes}
	header := []string{of.one, "class"}
	for _, class := range classes {
		header = append(header, "p_"+class)
	}
	c.err = c.out.Write(header)
	return c
}

type predictionCSV struct {
	out     *csv.Writer
	classes []string
	err     error // the first one
}

func (c *predictionCSV) Add(p Prediction) error {
	line := []string{p.Subject, c.classes[p.best(1)[0]]}
	for _, x := range p.Probabilities {
		line = append(line, strconv.FormatFloat(float64(x), 'g', -1, 32))
	}
	if c.err == nil {
		c.err = c.out.Write(line)
	}
	return c.failure()
}

func (c *predictionCSV) Close() error {
	c.out.Flush()
	if c.err == nil {
		c.err = c.out.Error()
	}
	return c.failure()
}

func (c *predictionCSV) failure() error {
	if c.err != nil {
		return fmt.Errorf("write CSV: %w", c.err)
	}
	return nil
}

// PredictionJSON writes one document: the model, its classes, and for each subject
// what it is, its most probable class and the probabilities of all, in the order of
// the classes.
func PredictionJSON(w io.Writer, of Subjects, model string, classes []string) Predictions {
	j := &predictionJSON{jsonList: newJSONList(w, of.many, member{"model", model}, member{"classes", classes}), of: of, classes: classes}
	return j
}

type predictionJSON struct {
	*jsonList
	of      Subjects
	classes []string
}

func (j *predictionJSON) Add(p Prediction) error {
	return j.add(member{j.of.key, p.Subject}, member{"class", j.classes[p.best(1)[0]]}, member{"probabilities", p.Probabilities})
}
