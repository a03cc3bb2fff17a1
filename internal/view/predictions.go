package view

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Prediction is what a classifier makes of one image.
type Prediction struct {
	Path          string
	Probabilities []float32 // finite, one for each class
}

// Predictions writes predictions as they come. Close writes the end.
type Predictions interface {
	Add(p Prediction) error
	Close() error
}

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

// PredictionText draws a table with a line for each image: its top most probable
// classes. Columns can only be aligned when all lines are known, so that it is
// written by Close.
func PredictionText(w io.Writer, classes []string, top int, s Style) Predictions {
	t := &predictionText{w: w, classes: classes, top: min(top, len(classes)), style: s}
	t.grid.columns = []column{{header: "image", left: true}}
	for i := range t.top {
		t.grid.columns = append(t.grid.columns, column{header: ordinal(i + 1), left: true}, column{})
	}
	return t
}

type predictionText struct {
	w       io.Writer
	classes []string
	top     int
	style   Style
	grid    grid
}

func (t *predictionText) Add(p Prediction) error {
	row := []entry{{text: oneLine(p.Path)}}
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

// oneLine makes a cell of a name that may hold anything.
func oneLine(name string) string {
	return strings.NewReplacer("\n", "�", "\t", "�").Replace(printable(name))
}

// PredictionCSV writes a header, and for each image a line with its most
// probable class and the probabilities of all, in columns named p_CLASS.
func PredictionCSV(w io.Writer, classes []string) Predictions {
	c := &predictionCSV{out: csv.NewWriter(w), classes: classes}
	header := []string{"image", "class"}
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
	line := []string{p.Path, c.classes[p.best(1)[0]]}
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

// PredictionJSON writes one document: the model, its classes, and for each image
// its path, its most probable class and the probabilities of all, in the order of
// the classes.
func PredictionJSON(w io.Writer, model string, classes []string) Predictions {
	j := &predictionJSON{out: bufio.NewWriter(w), classes: classes}
	j.write("", struct {
		Model   string     `json:"model"`
		Classes []string   `json:"classes"`
		Images  []struct{} `json:"images"`
	}{model, classes, []struct{}{}}, len(endOfDocument))
	return j
}

// endOfDocument is what the list of images ends with.
const endOfDocument = "]}"

type predictionJSON struct {
	out     *bufio.Writer
	classes []string
	next    bool  // not the first image
	err     error // the first one
}

func (j *predictionJSON) Add(p Prediction) error {
	before := "\n"
	if j.next {
		before = ",\n"
	}
	j.next = true
	j.write(before, struct {
		Path          string    `json:"path"`
		Class         string    `json:"class"`
		Probabilities []float32 `json:"probabilities"`
	}{p.Path, j.classes[p.best(1)[0]], p.Probabilities}, 0)
	return j.failure()
}

func (j *predictionJSON) Close() error {
	if j.err == nil {
		_, j.err = j.out.WriteString("\n" + endOfDocument + "\n")
	}
	if err := j.out.Flush(); j.err == nil {
		j.err = err
	}
	return j.failure()
}

// write writes v as JSON, without its last bytes.
func (j *predictionJSON) write(before string, v any, without int) {
	text, err := json.Marshal(v)
	if err == nil {
		_, err = j.out.WriteString(before + string(text[:len(text)-without]))
	}
	if j.err == nil {
		j.err = err
	}
}

func (j *predictionJSON) failure() error {
	if j.err != nil {
		return fmt.Errorf("write JSON: %w", j.err)
	}
	return nil
}
