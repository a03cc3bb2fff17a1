package run

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"sslpipe/internal/plan"
)

// EventType says what happened.
type EventType string

// The types of event, with the fields that they carry beside Time and, where it
// is about one, Unit.
const (
	RunStarted      EventType = "run_started"      // Counts: how many units there are
	UnitCached      EventType = "unit_cached"      // Seconds that making it took, once
	UnitStarted     EventType = "unit_started"     //
	UnitResumed     EventType = "unit_resumed"     // started with what an earlier attempt left
	UnitProgress    EventType = "progress"         // Progress
	UnitFinished    EventType = "unit_finished"    // Seconds
	UnitDiverged    EventType = "unit_diverged"    // Message: how its result differs from the first, which stays
	UnitInterrupted EventType = "unit_interrupted" // Seconds; it will resume
	UnitFailed      EventType = "unit_failed"      // Seconds, Error
	UnitLeftOut     EventType = "unit_left_out"    // it is not chosen, and not stored
	UnitElsewhere   EventType = "unit_elsewhere"   // Message: which process runs it, with a store of its own
	UnitBlocked     EventType = "unit_blocked"     // Message: by what
	Message         EventType = "message"          // Message
	RunFinished     EventType = "run_finished"     // Counts, Seconds, Error unless all is well
)

// Event is one thing that happened in a run.
type Event struct {
	Time     time.Time      `json:"time"`
	Type     EventType      `json:"type"`
	Unit     string         `json:"unit,omitempty"` // address
	Message  string         `json:"message,omitempty"`
	Error    string         `json:"error,omitempty"`
	Seconds  float64        `json:"seconds,omitempty"`
	Counts   *Counts        `json:"counts,omitempty"`
	Progress *plan.Progress `json:"-"` // written by MarshalJSON
}

// Counts are numbers of units.
type Counts struct {
	Units     int `json:"units"`
	Cached    int `json:"cached"`
	Executed  int `json:"executed"`
	LeftOut   int `json:"left_out,omitempty"` // neither chosen nor stored
	Remaining int `json:"remaining"`
}

// MarshalJSON writes the event on one line. Numbers that JSON lacks, as the loss
// of a training that diverged, become the strings "NaN", "+Inf" and "-Inf".
func (e Event) MarshalJSON() ([]byte, error) {
	type plain Event
	full := struct {
		plain
		Progress *progressRecord `json:"progress,omitempty"`
	}{plain: plain(e)}
	if p := e.Progress; p != nil {
		full.Progress = &progressRecord{Step: p.Step, Total: p.Total, Rate: number(p.Rate), Values: numbers(p.Values), Note: p.Note}
	}
	return json.Marshal(full)
}

type progressRecord struct {
	Step   int               `json:"step"`
	Total  int               `json:"total"`
	Rate   number            `json:"rate,omitempty"` // images a second
	Values map[string]number `json:"values,omitempty"`
	Note   string            `json:"note,omitempty"`
}

// metricsRecord is a line of metrics.jsonl. It holds no times, so that the lines
// of a unit are the same whenever its numbers are.
type metricsRecord struct {
	Unit   string            `json:"unit"`
	Step   int               `json:"step"`
	Total  int               `json:"total"`
	Values map[string]number `json:"values"`
}

type number float64

func (n number) MarshalJSON() ([]byte, error) {
	x := float64(n)
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return json.Marshal(fmt.Sprintf("%+v", x))
	}
	return json.Marshal(x)
}

func numbers(values map[string]float64) map[string]number {
	if len(values) == 0 {
		return nil
	}
	out := make(map[string]number, len(values))
	for k, v := range values {
		out[k] = number(v)
	}
	return out
}
