// Package changes compares two plans as experiments: stage by stage, attribute by
// attribute, after evaluation and with defaults. Comments, the order of blocks and
// attributes, spelled-out defaults, names of stages and texts for people are no
// difference.
//
// It refuses to look at units for what has changed: a stage that only reads other
// results, because something above it changed, is the same stage. How many units
// have other results is counted beside that.
//
// A new form of field of package schema is a case in config.go.
package changes

import (
	"slices"
	"strings"

	"sslpipe/internal/plan"
)

// Kind says how a stage changed.
type Kind string

// The kinds of change of a stage.
const (
	Added   Kind = "added"
	Removed Kind = "removed"
	Renamed Kind = "renamed" // and nothing else
	Changed Kind = "changed" // perhaps renamed as well
)

// Form says what a change is about.
type Form string

// The forms of a change.
const (
	Attribute Form = "attribute" // Before and After are values
	Reference Form = "reference" // they are addresses of outputs, or lists of them
	Variant   Form = "variant"   // they are names of variants
	Block     Form = "block"     // they are the attributes of a block, by name
)

// Change is an attribute or block that is not the same.
type Change struct {
	// Path leads from the stage to the attribute or block: "epochs",
	// "optimizer.learning_rate", "transform[1]".
	Path string `json:"path"`
	Form Form   `json:"form"`
	// Of is the variant that an attribute belongs to, among blocks in order.
	Of string `json:"of,omitempty"`
	// Before and After are nil where there is none.
	Before any `json:"before"`
	After  any `json:"after"`
	// Gone and New are the members that only one of two lists of references has.
	Gone []string `json:"gone,omitempty"`
	New  []string `json:"new,omitempty"`
}

// Stage is a stage that is not the same.
type Stage struct {
	Kind Kind `json:"change"`
	// Before and After are its addresses; "" where there is none.
	Before  string   `json:"before,omitempty"`
	After   string   `json:"after,omitempty"`
	Changes []Change `json:"changes,omitempty"`
}

// Diff is what makes one plan another.
type Diff struct {
	// Pipeline are changes of the pipeline block.
	Pipeline []Change
	// Stages are in the order of the plan after, then those that were removed.
	Stages []Stage
	// Units is the number of units after, Rerun how many of them no result of
	// the plan before serves.
	Units, Rerun int
}

// Equal tells whether both plans ask for the same; stages may have other names.
func (d *Diff) Equal() bool {
	return len(d.Pipeline) == 0 && !slices.ContainsFunc(d.Stages, func(s Stage) bool { return s.Kind != Renamed })
}

// Compare returns what makes one plan the other. Digest identifies the content of
// the files that attributes name; it is asked only where their paths differ.
func Compare(before, after *plan.Plan, digest func(path string) (string, error)) (*Diff, error) {
	d := &Diff{Units: len(after.Units)}
	if a, b := before.Pipeline.Seeds, after.Pipeline.Seeds; a != b {
		d.Pipeline = append(d.Pipeline, Change{Path: "seeds", Form: Attribute, Before: a, After: b})
	}
	c := &comparer{digest: digest, digests: map[string]string{}, names: map[string]string{}}
	was := c.match(before.Stages, after.Stages)
	for _, s := range after.Stages {
		d.add(s, was[s], c)
	}
	for _, s := range before.Stages {
		if c.names[s.Address] == "" {
			d.Stages = append(d.Stages, Stage{Kind: Removed, Before: s.Address})
		}
	}
	known := make(map[string]bool, len(before.Units))
	for _, u := range before.Units {
		known[u.Fingerprint] = true
	}
	for _, u := range after.Units {
		if !known[u.Fingerprint] {
			d.Rerun++
		}
	}
	return d, c.err
}

// add compares a stage with the one that it was; nil is none.
func (d *Diff) add(s, was *plan.Stage, c *comparer) {
	if was == nil {
		d.Stages = append(d.Stages, Stage{Kind: Added, After: s.Address})
		return
	}
	change := Stage{Kind: Changed, Before: was.Address, After: s.Address, Changes: c.stages(was, s)}
	if len(change.Changes) == 0 {
		change.Kind = Renamed
		if was.Address == s.Address {
			return
		}
	}
	d.Stages = append(d.Stages, change)
}

// Beside returns the part of a difference that lies outside some attributes and
// blocks, which are named by the beginnings of their paths: "pretext",
// "optimizer.learning_rate". Other names of stages are not part of it.
func (d *Diff) Beside(fields []string) *Diff {
	outside := func(changes []Change) []Change {
		return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool {
			return slices.ContainsFunc(fields, func(field string) bool { return within(c.Path, field) })
		})
	}
	rest := &Diff{Pipeline: outside(d.Pipeline)}
	for _, s := range d.Stages {
		s.Changes = outside(s.Changes)
		if s.Kind == Added || s.Kind == Removed || len(s.Changes) > 0 {
			rest.Stages = append(rest.Stages, s)
		}
	}
	return rest
}

// within tells whether a path is that of a field or of a part of it.
func within(path, field string) bool {
	rest, ok := strings.CutPrefix(path, field)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}
