package view

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/report"
)

func TestReport(t *testing.T) {
	for width, name := range map[int]string{80: "report.txt", 50: "report_narrow.txt"} {
		text := render(t, func(w io.Writer) error { return Report(w, made(plainNames), Style{Width: width}) })
		noANSI(t, text)
		fits(t, text, width)
		golden(t, name, text)
	}
}

// A report of a run that was cut short, or of another version, has gaps.
func TestReportOfLittle(t *testing.T) {
	bare := &report.Report{Pipeline: report.Pipeline{Name: "bare"}, Evaluations: []report.Evaluation{{Name: "report", Sets: []report.TestSet{{Name: "images"}}}}}
	for _, r := range []*report.Report{{}, bare} {
		for name, write := range reportFormats(r) {
			if text := render(t, write); strings.Contains(text, "%!") {
				t.Errorf("%s: %s", name, text)
			}
		}
	}
}

func reportFormats(r *report.Report) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"report.txt":  func(w io.Writer) error { return Report(w, r, Style{}) },
		"report.md":   func(w io.Writer) error { return ReportMarkdown(w, r) },
		"report.csv":  func(w io.Writer) error { return ReportCSV(w, r) },
		"report.tex":  func(w io.Writer) error { return ReportLaTeX(w, r) },
		"report.json": func(w io.Writer) error { return ReportJSON(w, r) },
		"report.html": func(w io.Writer) error { return HTML(w, r, nil) },
	}
}

func TestReportMarkdown(t *testing.T) {
	golden(t, "report.md", render(t, func(w io.Writer) error { return ReportMarkdown(w, made(plainNames)) }))
	text := render(t, func(w io.Writer) error { return ReportMarkdown(w, made(hostileNames)) })
	if !strings.Contains(text, `| [scratch] \| \`) || strings.Contains(strings.ReplaceAll(text, `\<`, ""), "<") {
		t.Errorf("not escaped:\n%s", text)
	}
}

func TestReportCSV(t *testing.T) {
	text := render(t, func(w io.Writer) error { return ReportCSV(w, made(plainNames)) })
	golden(t, "report.csv", text)
	lines, err := csv.NewReader(strings.NewReader(render(t, func(w io.Writer) error { return ReportCSV(w, made(hostileNames)) }))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	// Two sets, eight metrics, three budgets, four arms.
	if len(lines) != 1+2*8*3*4 {
		t.Errorf("%d lines, want a header and 192", len(lines))
	}
	if arm := slices.Index(lines[0], "arm"); lines[2][arm] != hostileNames.arms[1] {
		t.Errorf("arm %q, want %q", lines[2][arm], hostileNames.arms[1])
	}
}

func TestReportJSONHasNoNaN(t *testing.T) {
	r := made(plainNames)
	want := render(t, func(w io.Writer) error { return ReportJSON(w, r) })
	r.Evaluations[0].Sets[0].Runs[0].Values["undefined"] = math.NaN()
	r.Pretrainings[0].Epochs[0].Values["rank"] = math.Inf(1)
	text := render(t, func(w io.Writer) error { return ReportJSON(w, r) })
	if _, ok := r.Evaluations[0].Sets[0].Runs[0].Values["undefined"]; !ok {
		t.Error("writing changed the document")
	}
	if strings.Count(want, "\"rank\"") != strings.Count(text, "\"rank\"")+1 || strings.Contains(text, "undefined") {
		t.Error("values that are no numbers are not left out")
	}
	var back report.Report
	if err := json.Unmarshal([]byte(text), &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(finite(r), &back); diff != "" {
		t.Errorf("read back (-written +read):\n%s", diff)
	}
}

func TestReportLaTeX(t *testing.T) {
	golden(t, "report.tex", render(t, func(w io.Writer) error { return ReportLaTeX(w, made(plainNames)) }))
	for _, names := range []madeNames{plainNames, hostileNames} {
		checkLaTeX(t, render(t, func(w io.Writer) error { return ReportLaTeX(w, made(names)) }))
	}
}

var (
	latexCommand  = regexp.MustCompile(`\\([a-zA-Z]+)`)
	latexCommands = strings.Fields(`begin end centering caption label toprule midrule bottomrule textbf smallskip
		footnotesize setlength tabcolsep linewidth pm times downarrow rightarrow textbackslash textasciicircum
		textasciitilde textless textgreater textbar textasciigrave`)
	latexEnvironment = regexp.MustCompile(`\\(begin|end)\{([^}]*)\}`)
	latexColumns     = regexp.MustCompile(`^\\begin\{tabular\}\{([lr]+)\}$`)
	latexEscaped     = regexp.MustCompile(`\\[&%#$_{}]`)
)

// checkLaTeX does what can be done without LaTeX: environments are nested, every
// row has as many cells as its table has columns, braces match, and there is no
// command that this package does not write.
func checkLaTeX(t *testing.T, text string) {
	t.Helper()
	var open []string
	columns, boxes := 0, 0
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "%"):
			continue
		case line == `\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%`:
			boxes++
			continue
		case line == "}":
			boxes--
			continue
		}
		for _, m := range latexEnvironment.FindAllStringSubmatch(line, -1) {
			if m[1] == "begin" {
				open = append(open, m[2])
			} else if last := len(open) - 1; last < 0 || open[last] != m[2] {
				t.Fatalf("\\end{%s} in %q", m[2], open)
			} else {
				open = open[:last]
			}
		}
		if m := latexColumns.FindStringSubmatch(line); m != nil {
			columns = len(m[1])
		}
		row := strings.HasSuffix(line, `\\`)
		bare := latexEscaped.ReplaceAllString(strings.TrimSuffix(line, `\\`), "")
		if cells := strings.Count(bare, "&") + 1; row && cells != columns || !row && cells != 1 {
			t.Errorf("%d cells in a table of %d columns: %s", cells, columns, line)
		}
		if strings.ContainsAny(bare, `#^~"`) || strings.Count(bare, "{") != strings.Count(bare, "}") || strings.Count(bare, "$")%2 != 0 || strings.Contains(bare, "%") {
			t.Errorf("not escaped: %s", line)
		}
		for _, m := range latexCommand.FindAllStringSubmatch(bare, -1) {
			if !slices.Contains(latexCommands, m[1]) {
				t.Errorf("\\%s in %s", m[1], line)
			}
		}
	}
	if boxes != 0 {
		t.Errorf("%d boxes are left open", boxes)
	}
	if len(open) > 0 {
		t.Errorf("left open: %q", open)
	}
}

func TestReportNumbers(t *testing.T) {
	plain := scale{}
	for got, want := range map[string]string{
		thousands(999.6):       "1,000",
		thousands(1234567):     "1,234,567",
		flopsText(0):           "-",
		flopsText(999.4):       "999 FLOP",
		flopsText(999.6):       "1.00 kFLOP",
		flopsText(12.34e12):    "12.3 TFLOP",
		flopsText(2.37e30):     "2370000000 ZFLOP",
		labelCount(8.14):       "8.1",
		labelCount(5):          "5",
		labelCount(1234.5):     "1,234",
		pText(0.0004):          "<0.001",
		equals("p", "<0.001"):  "p\u00a0<\u00a00.001",
		plain.signed(-0.0004):  "0.000",
		plain.signed(0.0125):   "+0.013",
		slug("../Été b"):       "t--b",
		slug("//"):             "unnamed",
		figures("[ -4.9, +2]"): "[\u22124.9,\u00a0+2]",
		figures("8 ±  1"):      "8\u2009±\u2009\u20071",
		figures(" -"):          " –",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
