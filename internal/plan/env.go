package plan

import (
	"time"

	"sslpipe/internal/artifact"
)

// Env is what a running unit sees of the world.
type Env struct {
	// Dir is private to the unit and survives an interrupt, so that work
	// resumes there. What the unit hands on goes under Dir/out.
	Dir  string
	Unit *Unit
	// Inputs are the artifacts of every reference, by the path of the field,
	// in the order of Unit.Inputs.
	Inputs map[string][]artifact.Handle
	// Seed is the unit's coordinate "seed"; 0 if it has none.
	Seed int64
	// Device is the resolved device: "cpu" or "gpu".
	Device string
	// CacheDir is a folder for downloads that all units share.
	CacheDir string
	// CheckpointEvery is the longest time of work that a kill may cost.
	CheckpointEvery time.Duration
	Report          func(Progress)
	Logf            func(format string, args ...any)
	// Redact hides what is sensitive in a text that is stored. What is reported,
	// logged or returned as an error needs no care.
	Redact func(text string) string
}

// Progress is how far a unit has come.
type Progress struct {
	Step  int
	Total int
	// Rate is in images a second.
	Rate   float64
	Values map[string]float64
	Note   string
}
