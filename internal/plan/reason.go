package plan

import (
	"encoding/json"
	"time"
)

// ReasonKind says what a reason is about.
type ReasonKind string

// The kinds of reason, with the fields that they use. Those of the first group are
// differences from an earlier run; with a Cause they are the differences of that
// unit, which this one reads, directly or through others.
const (
	ReasonConfig      ReasonKind = "config"       // Path, Old, New: values, nil where there was or is none
	ReasonFile        ReasonKind = "file"         // Path, Old, New: digests of a file's content
	ReasonVariant     ReasonKind = "variant"      // Path, Old, New: names, nil where there was or is none
	ReasonVariantCode ReasonKind = "variant_code" // Path, Detail: its name, Old, New: versions
	ReasonCode        ReasonKind = "code"         // Detail: the kind of stage, Old, New: versions
	ReasonRuntime     ReasonKind = "runtime"      // Old, New
	ReasonInput       ReasonKind = "input"        // Path, Old, New: what it refers to, nil where it was or is nothing
	ReasonInputUnits  ReasonKind = "input_units"  // Path, Old, New: how many units of what it refers to
	ReasonUnknown     ReasonKind = "unknown"      // a difference that the record does not tell

	ReasonNever       ReasonKind = "never_ran"   //
	ReasonNew         ReasonKind = "new"         // not in the last run
	ReasonFailed      ReasonKind = "failed"      // Detail: the error
	ReasonRemoved     ReasonKind = "removed"     // its stored result
	ReasonDamaged     ReasonKind = "damaged"     // Detail: what is wrong with its stored result
	ReasonCheckpoint  ReasonKind = "checkpoint"  // Time
	ReasonUnpublished ReasonKind = "unpublished" // its SavedModel is missing or differs
	ReasonForced      ReasonKind = "forced"      // by the selection
	ReasonLeftOut     ReasonKind = "left_out"    // by the selection
	ReasonBlocked     ReasonKind = "blocked"     // Cause: a unit that is left out and not stored
)

// Reason is one reason for the status of a unit.
type Reason struct {
	Kind ReasonKind
	// Path is an attribute or block of the stage: optimizer.learning_rate,
	// transform[0].padding.
	Path string
	// Old and New are JSON.
	Old, New json.RawMessage
	// Cause is the unit that the reason is about; nil is the unit itself.
	Cause  *Unit
	Detail string
	Time   time.Time
}

// isDifference tells whether a reason is a difference from an earlier run.
func (r Reason) isDifference() bool {
	switch r.Kind {
	case ReasonConfig, ReasonFile, ReasonVariant, ReasonVariantCode, ReasonCode, ReasonRuntime, ReasonInput, ReasonInputUnits, ReasonUnknown:
		return true
	}
	return false
}

// same tells whether two reasons are about the same thing: the same difference of
// the same stage, whichever its unit.
func (r Reason) same(other Reason) bool {
	return r.Kind == other.Kind && r.Path == other.Path && r.Detail == other.Detail &&
		(r.Cause == other.Cause || r.Cause != nil && other.Cause != nil && r.Cause.Stage == other.Cause.Stage) &&
		string(r.Old) == string(other.Old) && string(r.New) == string(other.New)
}
