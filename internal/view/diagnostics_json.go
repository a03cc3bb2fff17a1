package view

import (
	"io"

	"github.com/hashicorp/hcl/v2"
)

type validityJSON struct {
	FormatVersion string           `json:"format_version"`
	Valid         bool             `json:"valid"`
	Stages        int              `json:"stages"`
	Units         int              `json:"units"`
	Diagnostics   []diagnosticJSON `json:"diagnostics"`
}

type diagnosticJSON struct {
	Severity string     `json:"severity"` // error or warning
	Summary  string     `json:"summary"`
	Detail   string     `json:"detail"`
	Range    *rangeJSON `json:"range,omitempty"`
	// Values are those of the names in the expression, as "var.n = 3".
	Values []string `json:"values,omitempty"`
}

type rangeJSON struct {
	File  string       `json:"file"`
	Start positionJSON `json:"start"`
	End   positionJSON `json:"end"`
}

// positionJSON counts lines and columns from 1 and bytes from 0; a column is a
// character as a person sees it.
type positionJSON struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// ValidityJSON writes what validate found, with the errors before the warnings.
func ValidityJSON(w io.Writer, diags hcl.Diagnostics, stages, units int) error {
	v := validityJSON{FormatVersion: "1.0", Valid: !diags.HasErrors(), Stages: stages, Units: units, Diagnostics: []diagnosticJSON{}}
	for _, d := range sorted(diags) {
		out := diagnosticJSON{Severity: "error", Summary: d.Summary, Detail: d.Detail, Values: values(d)}
		if d.Severity != hcl.DiagError {
			out.Severity = "warning"
		}
		if r := d.Subject; r != nil {
			out.Range = &rangeJSON{File: r.Filename, Start: positionJSON(r.Start), End: positionJSON(r.End)}
		}
		v.Diagnostics = append(v.Diagnostics, out)
	}
	return writeJSON(w, v)
}
