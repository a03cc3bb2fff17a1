package view

import (
	"encoding/json"
	"io"
	"math"
	"time"

	"sslpipe/internal/plan"
)

// PlanFormat is the version of a plan as JSON. The second number grows with each
// addition, the first with what is not one.
const PlanFormat = "1.0"

type planJSON struct {
	FormatVersion string           `json:"format_version"`
	Pipeline      string           `json:"pipeline"`
	Path          string           `json:"path"`
	Totals        map[string]int   `json:"totals"` // by status, every one of them, and "units"
	Estimate      planEstimateJSON `json:"estimate"`
	Units         []planUnitJSON   `json:"units"`
}

type planEstimateJSON struct {
	Seconds      float64 `json:"seconds"`
	LeastSeconds float64 `json:"least_seconds"` // if nothing runs that only may
	Unrecorded   int     `json:"unrecorded"`    // units that are in neither
	Cores        int     `json:"cores"`
}

type planUnitJSON struct {
	Address     string           `json:"address"`
	Stage       string           `json:"stage"`
	Coord       plan.Coord       `json:"coord,omitempty"`
	Fingerprint string           `json:"fingerprint"`
	Status      plan.Status      `json:"status"`
	Why         string           `json:"why,omitempty"`
	Reasons     []planReasonJSON `json:"reasons,omitempty"`
	Threads     int              `json:"threads"`
	Seconds     *float64         `json:"seconds,omitempty"` // that it is likely to run; none if nothing is recorded
}

type planReasonJSON struct {
	Kind   plan.ReasonKind `json:"kind"`
	Path   string          `json:"path,omitempty"`
	Old    json.RawMessage `json:"old,omitempty"`
	New    json.RawMessage `json:"new,omitempty"`
	Cause  string          `json:"cause,omitempty"`
	Detail string          `json:"detail,omitempty"`
	Time   *time.Time      `json:"time,omitempty"`
}

// PlanJSON writes what [Plan] shows as JSON.
func PlanJSON(w io.Writer, p *plan.Plan, statuses []plan.UnitStatus, e plan.Estimate) error {
	doc := planJSON{
		FormatVersion: PlanFormat, Pipeline: p.Pipeline.Name, Path: p.Pipeline.Path,
		Totals:   map[string]int{"units": len(statuses)},
		Estimate: planEstimateJSON{Seconds: tenths(e.Seconds), LeastSeconds: tenths(e.Least), Unrecorded: e.Unrecorded, Cores: e.Cores},
		Units:    make([]planUnitJSON, len(statuses)),
	}
	counts := countStatuses(statuses)
	for _, status := range plan.StatusList {
		doc.Totals[string(status)] = counts[status]
	}
	for i, u := range statuses {
		doc.Units[i] = planUnit(u)
	}
	return writeJSON(w, doc)
}

func planUnit(u plan.UnitStatus) planUnitJSON {
	unit := planUnitJSON{
		Address: u.Unit.Address, Stage: u.Unit.Stage.Address, Coord: u.Unit.Coord, Fingerprint: u.Unit.Fingerprint,
		Status: u.Status, Why: plan.Wording{Units: true}.Sentence(u.Reasons), Threads: u.Unit.Threads,
	}
	if u.Recorded {
		seconds := tenths(u.Seconds)
		unit.Seconds = &seconds
	}
	for _, r := range u.Reasons {
		reason := planReasonJSON{Kind: r.Kind, Path: r.Path, Old: r.Old, New: r.New, Detail: r.Detail}
		if r.Cause != nil {
			reason.Cause = r.Cause.Address
		}
		if !r.Time.IsZero() {
			at := r.Time.UTC().Truncate(time.Second)
			reason.Time = &at
		}
		unit.Reasons = append(unit.Reasons, reason)
	}
	return unit
}

// tenths rounds seconds: more digits than that mean nothing.
func tenths(seconds float64) float64 { return math.Round(seconds*10) / 10 }
