package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// report is all that was measured: what the table and the plot are drawn from.
type report struct {
	Date     string            `json:"date"`
	Revision string            `json:"revision"` // of the sources
	Command  string            `json:"command"`
	Partial  bool              `json:"partial,omitempty"` // not every workload in full
	Machine  description       `json:"machine"`
	Versions map[string]string `json:"versions"`
	Results  []result          `json:"results"`
}

// write writes the table, the numbers and the plot into a folder, and returns the
// path of the table.
func (r report) write(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	name := filepath.Join(folder, r.Date+"-"+r.Machine.slug())
	if r.Partial {
		name += "-partial"
	}
	numbers, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return "", err
	}
	var table strings.Builder
	r.table(&table, filepath.Base(name)+".svg")
	plot, err := r.plot()
	return name + ".md", errors.Join(err,
		os.WriteFile(name+".json", append(numbers, '\n'), 0o644),
		os.WriteFile(name+".md", []byte(table.String()), 0o644),
		os.WriteFile(name+".svg", plot, 0o644),
	)
}

// table writes the report as Markdown.
func (r report) table(out io.Writer, plot string) {
	fmt.Fprintf(out, "# %s, %s\n\n", r.Date, r.Machine)
	fmt.Fprintf(out, "`%s`, revision %s. Medians over rounds in which all contenders had a turn, with quartiles; \"times\" says\n", r.Command, r.Revision)
	fmt.Fprintf(out, "how often better the first contender of a case is, as the median of the ratios in each round, [least, most].\n\n")
	r.Machine.table(out, r.Versions)
	fmt.Fprintf(out, "\n![How many times better sslpipe is](%s)\n", plot)
	workload := ""
	for _, result := range r.Results {
		if result.Workload != workload {
			workload = result.Workload
			fmt.Fprintf(out, "\n## %s: %s\n", workload, docOf(workload))
		}
		result.table(out)
	}
}

func docOf(name string) string {
	for _, w := range workloads {
		if w.Name == name {
			return w.Doc
		}
	}
	return ""
}

// table writes one case.
func (r result) table(out io.Writer) {
	if len(r.Rows) == 0 {
		fmt.Fprintf(out, "\n**%s**: %s\n", r.Case, r.Note)
		return
	}
	fmt.Fprintf(out, "\n**%s**, %s, %s is better\n\n", r.Case, r.Unit, r.Better)
	fmt.Fprintln(out, "| contender | median | quartiles | n | times | note |\n|---|--:|---|--:|---|---|")
	for _, row := range r.Rows {
		s := summarise(row.Samples)
		note := row.Note
		if row.Failed != "" {
			note = strings.TrimPrefix(note+"; failed: "+row.Failed, "; ")
		}
		fmt.Fprintf(out, "| %s | %s | %s | %d | %s | %s |\n", row.Contender, digits(s.Median), interval(s.Q1, s.Q3), s.N,
			r.timesText(row), cellText.Replace(note))
	}
	if r.Note != "" {
		fmt.Fprintf(out, "\n%s\n", r.Note)
	}
}

// cellText keeps a text inside of its cell.
var cellText = strings.NewReplacer("|", "\\|", "\n", " ")

// times says how many times better the first row is than this one, in each round;
// nothing for the first row itself.
func (r result) times(of row) []float64 {
	if of.Contender == r.Rows[0].Contender {
		return nil
	}
	return ratios(r.Rows[0].Samples, of.Samples, r.Better)
}

func (r result) timesText(of row) string {
	s := summarise(r.times(of))
	if s.N == 0 {
		return ""
	}
	return fmt.Sprintf("**%.2f** [%.2f, %.2f]", s.Median, s.Smallest, s.Largest)
}

func interval(lo, hi float64) string {
	if math.IsNaN(lo) {
		return ""
	}
	return "[" + digits(lo) + ", " + digits(hi) + "]"
}

// digits writes a measured number with three digits, or all before the point.
func digits(x float64) string {
	if math.IsNaN(x) {
		return "-"
	}
	decimals := 0
	if x != 0 {
		decimals = max(0, 2-int(math.Floor(math.Log10(math.Abs(x)))))
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}
