package view

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"sslpipe/internal/verify"
)

// Verified writes how reruns compare with their records in the lock file at path.
// Locked and now are the runtimes of the two.
func Verified(w io.Writer, outcomes []verify.Outcome, path, locked, now string, s Style) error {
	if locked != now {
		text := fmt.Sprintf("%s was made by %s; this is %s. Equal bits are promised on one class of machine only.", path, locked, now)
		if err := writeWrapped(w, text, s); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	if err := verdicts(w, outcomes, s); err != nil {
		return err
	}
	if err := scoreDifferences(w, outcomes, s); err != nil {
		return err
	}
	fmt.Fprintln(w)
	text := verifiedSummary(outcomes)
	if locked == now && verify.Counts(outcomes)[verify.Within] > 0 {
		text += " This is the recorded class of machine, on which equal bits are promised: within tolerance is a failure here."
	}
	return writeWrapped(w, text, s)
}

func verdicts(w io.Writer, outcomes []verify.Outcome, s Style) error {
	g := grid{columns: []column{{header: "recorded", left: true}, {header: "now", left: true}, {header: "verdict", left: true}, {header: "from step"}, {header: "unit", left: true}}}
	steps := slices.ContainsFunc(outcomes, func(o verify.Outcome) bool { return o.Step > 0 })
	for _, o := range outcomes {
		step := absent
		if o.Step > 0 {
			step = strconv.Itoa(o.Step)
		}
		g.rows = append(g.rows, []entry{{text: short(o.Locked)}, {text: shortOrAbsent(o.Made)}, {text: verdictText(o)}, {text: step}, {text: o.Unit}})
	}
	if !steps {
		g.columns = slices.Delete(g.columns, 3, 4)
		for i, row := range g.rows {
			g.rows[i] = slices.Delete(row, 3, 4)
		}
	}
	return g.writeTerminal(w, s)
}

func verdictText(o verify.Outcome) string {
	text := string(o.Verdict)
	if o.Verdict == verify.Different {
		text = "DIFFERENT"
	}
	if o.Inputs {
		text += ", as its inputs"
	}
	return text
}

// scoreDifferences lists the scores that differ, with what they may differ by.
func scoreDifferences(w io.Writer, outcomes []verify.Outcome, s Style) error {
	g := grid{columns: []column{{header: "recorded"}, {header: "now"}, {header: "may differ by"}, {header: "score", left: true}, {header: "unit", left: true}}}
	for _, o := range outcomes {
		for _, score := range o.Scores {
			tolerance := "not known"
			if !math.IsNaN(score.Tolerance) {
				tolerance = figure(score.Tolerance)
			}
			g.rows = append(g.rows, []entry{{text: figure(score.Locked)}, {text: figure(score.Made)}, {text: tolerance}, {text: score.Name}, {text: o.Unit}})
		}
	}
	if len(g.rows) == 0 {
		return nil
	}
	fmt.Fprintln(w)
	return g.writeTerminal(w, s)
}

// figure is a number with the digits that a person compares.
func figure(x float64) string {
	if math.IsNaN(x) {
		return absent
	}
	return fmt.Sprintf("%.4g", x)
}

func verifiedSummary(outcomes []verify.Outcome) string {
	counts := verify.Counts(outcomes)
	if n := len(outcomes); counts[verify.Equal] == n {
		if n == 1 {
			return "1 unit is bitwise equal."
		}
		return fmt.Sprintf("All %d units are bitwise equal.", n)
	}
	text := fmt.Sprintf("Of %s, %d bitwise equal, %d within tolerance, %d different", plural(len(outcomes), "unit"),
		counts[verify.Equal], counts[verify.Within], counts[verify.Different])
	if n := counts[verify.Missing]; n > 0 {
		text += fmt.Sprintf(", %d not made", n)
	}
	return text + ". The stored results stay the ones that are used; sslpipe cache why ADDRESS lists those that differ."
}

// VerifiedJSON is Verified for programs.
func VerifiedJSON(w io.Writer, outcomes []verify.Outcome, locked, now string) error {
	type score struct {
		Name      string   `json:"name"`
		Recorded  *float64 `json:"recorded"` // null where it lacks
		Now       *float64 `json:"now"`
		Tolerance *float64 `json:"tolerance"` // null where it is not known
	}
	type unit struct {
		Unit     string         `json:"unit"`
		Verdict  verify.Verdict `json:"verdict"`
		Recorded string         `json:"recorded"`
		Now      string         `json:"now,omitempty"`
		Step     int            `json:"parts_at_step,omitempty"`
		Inputs   bool           `json:"inputs_differ,omitempty"`
		Scores   []score        `json:"scores,omitempty"`
	}
	all := struct {
		Version  int    `json:"version"`
		Recorded string `json:"recorded_runtime"`
		Now      string `json:"runtime"`
		Units    []unit `json:"units"`
	}{Version: 1, Recorded: locked, Now: now, Units: []unit{}}
	for _, o := range outcomes {
		u := unit{Unit: o.Unit, Verdict: o.Verdict, Recorded: o.Locked, Now: o.Made, Step: o.Step, Inputs: o.Inputs}
		for _, s := range o.Scores {
			u.Scores = append(u.Scores, score{s.Name, known(s.Locked), known(s.Made), known(s.Tolerance)})
		}
		all.Units = append(all.Units, u)
	}
	return writeJSON(w, all)
}

// known is nil for what is not a number.
func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}
