package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/report"
)

// ReportLaTeX writes the tables of a report to put into an article. They need
// the packages booktabs and graphicx. The protocol stands below the accuracy of each test set,
// warnings are comments above.
func ReportLaTeX(w io.Writer, r *report.Report) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%% %s. In the preamble: \\usepackage{booktabs,graphicx}\n", commentText("Tables of "+r.Pipeline.Name))
	for i := range r.Evaluations {
		latexEvaluation(&out, &r.Evaluations[i])
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func latexEvaluation(out *strings.Builder, e *report.Evaluation) {
	for _, warning := range warningsOf(e) {
		fmt.Fprintf(out, "%% Warning: %s\n", commentText(warning))
	}
	for i := range e.Sets {
		set := &e.Sets[i]
		c := accuracyOf(set)
		if c == nil {
			continue
		}
		name := "tab:" + slug(e.Name) + "-" + slug(set.Name)
		where := setTitle(e, set)
		summaryGrid(c).writeLaTeX(out, name+"-accuracy", where, c.Protocol)
		differenceGrid(c, differenceDetail{n: true, holm: true, effect: true}).writeLaTeX(out, name+"-differences", where, nil)
		languageGrid(set).writeLaTeX(out, name+"-language", where, nil)
		scoresGrid(set).writeLaTeX(out, name+"-scores", where, nil)
		savingsGrid(e, set, false).writeLaTeX(out, name+"-savings", where, crossovers(e, set))
	}
	costGrid(e).writeLaTeX(out, "tab:"+slug(e.Name)+"-cost", e.Name, nil)
	leaksGrid(e, false).writeLaTeX(out, "tab:"+slug(e.Name)+"-leaks", e.Name, nil)
}

// latexRoom is about how many characters a line of an article has.
const latexRoom = 70

// fitLine makes the table in the braces that it opens smaller if it is wider than a
// line.
const fitLine = `\resizebox{\ifdim\width>\linewidth\linewidth\else\width\fi}{!}{%` + "\n"

// writeLaTeX writes the grid as a floating table; nothing where it has no rows.
// Notes stand below it, one paragraph.
func (g grid) writeLaTeX(out *strings.Builder, label, where string, notes []string) {
	if len(g.rows) == 0 {
		return
	}
	size := ""
	if g.width() > latexRoom {
		size = "\\footnotesize\\setlength{\\tabcolsep}{4pt}\n"
	}
	fmt.Fprintf(out, "\n\\begin{table}[htbp]\n\\centering\n%s\\caption{%s}\n\\label{%s}\n%s",
		size, escapeLaTeX(g.title+" ("+where+")."), label, fitLine)
	g.writeTabular(out)
	out.WriteString("}\n")
	if len(notes) > 0 {
		fmt.Fprintf(out, "\n\\smallskip\n\\begin{minipage}{\\linewidth}\n\\footnotesize\n%s.\n\\end{minipage}\n", escapeLaTeX(strings.Join(notes, ". ")))
	}
	fmt.Fprint(out, "\\end{table}\n")
}

func (g grid) writeTabular(out *strings.Builder) {
	align := make([]byte, len(g.columns))
	headers := make([]string, len(g.columns))
	for i, c := range g.columns {
		align[i] = 'r'
		if c.left {
			align[i] = 'l'
		}
		headers[i] = escapeLaTeX(c.header)
	}
	fmt.Fprintf(out, "\\begin{tabular}{%s}\n\\toprule\n%s \\\\\n\\midrule\n", align, strings.Join(headers, " & "))
	for _, row := range g.rows {
		texts := make([]string, len(row))
		for i, e := range row {
			texts[i] = latexCell(g.columns[i], e)
		}
		fmt.Fprintf(out, "%s \\\\\n", strings.Join(texts, " & "))
	}
	fmt.Fprint(out, "\\bottomrule\n\\end{tabular}\n")
}

// latexCell writes a hyphen before a digit as a minus sign and one that stands
// alone as a dash.
func latexCell(c column, e entry) string {
	text := strings.Join(strings.Fields(e.text), " ")
	if !c.left {
		text = strings.NewReplacer("[ ", "[", "-", minusSign).Replace(text)
		if text == minusSign {
			text = "–"
		}
	}
	text = escapeLaTeX(text)
	if e.strong {
		return `\textbf{` + text + "}"
	}
	return text
}

const minusSign = "\u2212"

// escapeLaTeX takes the meaning from every character that has one. Brackets and
// asterisks have one behind the end of a row.
var escapeLaTeX = strings.NewReplacer(
	`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
	"^", `\textasciicircum{}`, "~", `\textasciitilde{}`, "<", `\textless{}`, ">", `\textgreater{}`, "|", `\textbar{}`,
	`"`, "''", "`", `\textasciigrave{}`, "[", "{[}", "]", "{]}", "*", "{*}", "--", "-{}-{}", "\n", " ",
	"±", `$\pm$`, "×", `$\times$`, "↓", `$\downarrow$`, "→", `$\rightarrow$`, "–", "--", minusSign, `$-$`,
).Replace

// commentText stays on its line.
func commentText(text string) string { return strings.Join(strings.Fields(text), " ") }
