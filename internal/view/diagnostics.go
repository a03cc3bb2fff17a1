package view

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcled"

	"sslpipe/internal/plan"
)

// Diagnostics writes what is wrong with a pipeline file: errors before
// warnings, each in the order of the files, without repetitions, with the
// source line and a caret line (in plain text too), and the count at the end.
// files holds the sources by the names in the diagnostics; without its source a
// diagnostic still states its place.
func Diagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, s Style) error {
	diags = sorted(diags)
	var out strings.Builder
	errors, warnings := 0, 0
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			errors++
		} else {
			warnings++
		}
		for _, line := range diagnosticLines(files, d, s) {
			fmt.Fprintln(&out, line)
		}
		fmt.Fprintln(&out)
	}
	if len(diags) > 0 {
		fmt.Fprintln(&out, countText(errors, warnings))
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func diagnosticLines(files map[string]*hcl.File, d *hcl.Diagnostic, s Style) []string {
	kind, attribute := "Error", red
	if d.Severity == hcl.DiagWarning {
		kind, attribute = "Warning", yellow
	}
	lines := hang("", kind+": "+printable(d.Summary), s.width())
	lines[0] = s.paint(attribute, kind+":") + strings.TrimPrefix(lines[0], kind+":")
	if d.Subject != nil {
		lines = append(lines, place(files, *d.Subject))
		if file := files[d.Subject.Filename]; file != nil {
			for _, line := range snippet(file.Bytes, *d.Subject, s.width()) {
				if line.caret {
					line.text = s.paint(attribute, line.text)
				}
				lines = append(lines, line.text)
			}
		}
	}
	lines = append(lines, valueLines(d, s)...)
	if d.Detail != "" {
		lines = append(lines, wrap(printable(d.Detail), s.width())...)
	}
	return lines
}

// valueLines say what the names in the expression of a diagnostic stand for.
func valueLines(d *hcl.Diagnostic, s Style) []string {
	var lines []string
	for _, text := range values(d) {
		lines = append(lines, hang("  with ", printable(text), s.width())...)
	}
	return lines
}

// values are what the names in the expression of a diagnostic stand for: var.n = 3.
func values(d *hcl.Diagnostic) []string {
	if d.Expression == nil || d.EvalContext == nil {
		return nil
	}
	var all []string
	for _, traversal := range d.Expression.Variables() {
		if text, ok := plan.ShortValue(traversal, d.EvalContext); ok && !slices.Contains(all, text) {
			all = append(all, text)
		}
	}
	slices.Sort(all)
	return all
}

// place names file, line and the block around it.
func place(files map[string]*hcl.File, r hcl.Range) string {
	text := fmt.Sprintf("  on %s line %d", r.Filename, r.Start.Line)
	if file := files[r.Filename]; file != nil && file.Nav != nil {
		if context := hcled.ContextString(file, r.Start.Byte); context != "" {
			text += ", in " + context
		}
	}
	return text + ":"
}

// sorted orders a copy by severity, place and text, and drops repetitions: HCL
// reports in the order of its maps, which differs between runs.
func sorted(diags hcl.Diagnostics) hcl.Diagnostics {
	diags = slices.Clone(diags)
	slices.SortStableFunc(diags, compareDiagnostics)
	return slices.CompactFunc(diags, func(a, b *hcl.Diagnostic) bool { return compareDiagnostics(a, b) == 0 })
}

func compareDiagnostics(a, b *hcl.Diagnostic) int {
	ra, rb := subject(a), subject(b)
	return cmp.Or(
		cmp.Compare(a.Severity, b.Severity),
		cmp.Compare(ra.Filename, rb.Filename),
		cmp.Compare(ra.Start.Byte, rb.Start.Byte),
		cmp.Compare(ra.End.Byte, rb.End.Byte),
		cmp.Compare(a.Summary, b.Summary),
		cmp.Compare(a.Detail, b.Detail),
	)
}

func subject(d *hcl.Diagnostic) hcl.Range {
	if d.Subject == nil {
		return hcl.Range{}
	}
	return *d.Subject
}

func countText(errors, warnings int) string {
	var parts []string
	if errors > 0 {
		parts = append(parts, plural(errors, "error"))
	}
	if warnings > 0 {
		parts = append(parts, plural(warnings, "warning"))
	}
	return strings.Join(parts, ", ")
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
