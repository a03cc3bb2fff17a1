package view

import (
	"fmt"
	"io"
	"strings"

	"sslpipe/internal/changes"
	"sslpipe/internal/schema"
)

// Compared is a difference between two pipeline files, as it is shown.
type Compared struct {
	Before, After string // the names of the files
	Diff          *changes.Diff
	// Only are the fields that were to differ, and Beside is the part of the
	// difference outside of them; nil where none were named.
	Only   []string
	Beside *changes.Diff
}

// changesVersion is raised when the JSON form changes for readers of it.
const changesVersion = 1

// ChangesJSON writes a difference as JSON.
func ChangesJSON(w io.Writer, c Compared) error {
	type part struct {
		Pipeline []changes.Change `json:"pipeline"`
		Stages   []changes.Stage  `json:"stages"`
	}
	document := struct {
		Version int    `json:"version"`
		Before  string `json:"before"`
		After   string `json:"after"`
		Equal   bool   `json:"equal"`
		part
		Units  int      `json:"units"`
		Rerun  int      `json:"rerun"`
		Only   []string `json:"only,omitempty"`
		Beside *part    `json:"beside,omitempty"`
	}{
		Version: changesVersion, Before: c.Before, After: c.After, Equal: c.Diff.Equal(),
		part: part{list(c.Diff.Pipeline), list(c.Diff.Stages)}, Units: c.Diff.Units, Rerun: c.Diff.Rerun, Only: c.Only,
	}
	if c.Beside != nil {
		document.Beside = &part{list(c.Beside.Pipeline), list(c.Beside.Stages)}
	}
	return writeJSON(w, document)
}

// list is never null in JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}

// Changes writes what makes one pipeline file another: the pipeline block, each
// stage with its attributes, and what is to be computed again for it.
func Changes(w io.Writer, c Compared, s Style) error {
	var out strings.Builder
	if len(c.Diff.Pipeline) > 0 {
		fmt.Fprintln(&out, s.paint(bold, "pipeline"))
	}
	writeChanges(&out, c.Diff.Pipeline, s)
	for _, stages := range together(c.Diff.Stages) {
		fmt.Fprintln(&out, stageHeading(stages, s))
		writeChanges(&out, stages[0].Changes, s)
	}
	if out.Len() > 0 {
		fmt.Fprintln(&out)
	}
	for _, line := range wrap(c.summary(), s.width()) {
		fmt.Fprintln(&out, line)
	}
	c.writeBeside(&out, s)
	_, err := io.WriteString(w, out.String())
	return err
}

// stageHeading is the line above the changes of stages, which are the same.
func stageHeading(stages []changes.Stage, s Style) string {
	stage := stages[0]
	switch {
	case stage.Kind == changes.Added:
		return s.paint(added, "+ "+stage.After)
	case stage.Kind == changes.Removed:
		return s.paint(removed, "- "+stage.Before)
	case stage.Before == stage.After:
		lines := wrap(stageNames(stages), s.width())
		for i, line := range lines {
			lines[i] = s.paint(bold, line)
		}
		return strings.Join(lines, "\n")
	}
	text := s.paint(bold, stage.Before+" -> "+stage.After)
	if stage.Kind == changes.Renamed {
		text += ": another name, else the same"
	}
	return text
}

func stageNames(stages []changes.Stage) string {
	names := make([]string, len(stages))
	for i, stage := range stages {
		names[i] = stage.After
	}
	return strings.Join(names, ", ")
}

// together groups stages that have kept their names and changed in the same way,
// where the first of them is.
func together(stages []changes.Stage) [][]changes.Stage {
	var groups [][]changes.Stage
	of := map[string]int{}
	for i, stage := range stages {
		key := fmt.Sprint(i)
		if stage.Before == stage.After {
			key = fmt.Sprintf("%#v", stage.Changes)
		}
		n, ok := of[key]
		if !ok {
			n = len(groups)
			of[key] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], stage)
	}
	return groups
}

func writeChanges(out *strings.Builder, all []changes.Change, s Style) {
	column := 0
	for _, c := range all {
		column = max(column, cells(changePath(c)))
	}
	for _, c := range all {
		prefix := "  " + padRight(changePath(c), column) + "  "
		for _, line := range hang(prefix, changeText(c), s.width()) {
			fmt.Fprintln(out, line)
		}
	}
}

func changePath(c changes.Change) string {
	if c.Of == "" {
		return c.Path
	}
	return fmt.Sprintf("%s (%s)", c.Path, c.Of)
}

// changeText is old -> new, or what came or went behind a sign.
func changeText(c changes.Change) string {
	switch before, after := changeValue(c, c.Before), changeValue(c, c.After); {
	case len(c.Gone)+len(c.New) > 0:
		var lines []string
		for _, ref := range c.Gone {
			lines = append(lines, "- "+ref)
		}
		for _, ref := range c.New {
			lines = append(lines, "+ "+ref)
		}
		return strings.Join(lines, "\n")
	case c.Before == nil:
		return "+ " + after
	case c.After == nil:
		return "- " + before
	default:
		return before + " -> " + after
	}
}

// changeValue writes names without quotes.
func changeValue(c changes.Change, value any) string {
	if text, ok := value.(string); ok && c.Form != changes.Attribute {
		return text
	}
	if refs, ok := value.([]string); ok && c.Form == changes.Reference {
		return "[" + strings.Join(refs, ", ") + "]"
	}
	return printable(schema.Literal(value))
}

func (c Compared) summary() string {
	units := fmt.Sprintf("%d of %s of %s would run where the results of %s are stored.", c.Diff.Rerun, plural(c.Diff.Units, "unit"), c.After, c.Before)
	switch {
	case len(c.Diff.Stages) == 0 && c.Diff.Equal():
		return fmt.Sprintf("%s and %s are equal. %s", c.Before, c.After, units)
	case c.Diff.Equal():
		return fmt.Sprintf("%s and %s are equal but for names of stages. %s", c.Before, c.After, units)
	}
	counts := map[changes.Kind]int{}
	for _, stage := range c.Diff.Stages {
		counts[stage.Kind]++
	}
	var parts []string
	for _, kind := range []changes.Kind{changes.Changed, changes.Renamed, changes.Added, changes.Removed} {
		if n := counts[kind]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", plural(n, "stage"), kind))
		}
	}
	if len(c.Diff.Pipeline) > 0 {
		parts = append(parts, "the pipeline changed")
	}
	return strings.Join(parts, ", ") + ". " + units
}

// writeBeside lists what differs besides the fields that were to.
func (c Compared) writeBeside(out *strings.Builder, s Style) {
	if c.Beside == nil || c.Diff.Equal() {
		return
	}
	names := strings.Join(c.Only, " and ")
	if c.Beside.Equal() {
		fmt.Fprintf(out, "Nothing but %s differs.\n", names)
		return
	}
	fmt.Fprintf(out, "\nBesides %s, these differ:\n", names)
	if len(c.Beside.Pipeline) > 0 {
		writePaths(out, "pipeline", c.Beside.Pipeline, s)
	}
	for _, stages := range together(c.Beside.Stages) {
		switch stage := stages[0]; stage.Kind {
		case changes.Added:
			fmt.Fprintf(out, "  + %s\n", stage.After)
		case changes.Removed:
			fmt.Fprintf(out, "  - %s\n", stage.Before)
		default:
			writePaths(out, stageNames(stages), stage.Changes, s)
		}
	}
}

func writePaths(out *strings.Builder, where string, all []changes.Change, s Style) {
	paths := make([]string, len(all))
	for i, c := range all {
		paths[i] = c.Path
	}
	for _, line := range hang("  ", where+": "+strings.Join(paths, ", "), s.width()) {
		fmt.Fprintln(out, line)
	}
}
