package view

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"sslpipe/internal/report"
)

// ReportJSON writes the document itself. JSON has no NaN: a value that a run or
// an epoch does not have in numbers is left out.
func ReportJSON(w io.Writer, r *report.Report) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	if err := out.Encode(finite(r)); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}

// finite is the document without values that are no numbers. It shares all else.
func finite(r *report.Report) *report.Report {
	out := *r
	out.Evaluations = slices.Clone(r.Evaluations)
	for i := range out.Evaluations {
		e := &out.Evaluations[i]
		e.Sets = slices.Clone(e.Sets)
		for j := range e.Sets {
			runs := slices.Clone(e.Sets[j].Runs)
			for k := range runs {
				runs[k].Values = finiteValues(runs[k].Values)
			}
			e.Sets[j].Runs = runs
		}
	}
	out.Pretrainings = slices.Clone(r.Pretrainings)
	for i := range out.Pretrainings {
		epochs := slices.Clone(out.Pretrainings[i].Epochs)
		for j := range epochs {
			epochs[j].Values = finiteValues(epochs[j].Values)
		}
		out.Pretrainings[i].Epochs = epochs
	}
	return &out
}

func finiteValues(values map[string]float64) map[string]float64 {
	out := maps.Clone(values)
	maps.DeleteFunc(out, func(_ string, x float64) bool { return math.IsNaN(x) || math.IsInf(x, 0) })
	return out
}

// writeJSON writes a value for programs, with arrows and the like as they are.
func writeJSON(w io.Writer, value any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(value); err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	return nil
}
