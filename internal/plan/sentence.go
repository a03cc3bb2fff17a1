package plan

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// Wording says how reasons are told.
type Wording struct {
	// Units names other units by their whole address and not only by their stage.
	Units bool
	// Now makes times ages; zero leaves them times.
	Now time.Time
}

// Sentence joins reasons into one line for people. What comes from one cause is
// told together: follows pretrain.rotation (its epochs 4 -> 5).
func (w Wording) Sentence(reasons []Reason) string {
	if len(reasons) > 1 && reasons[0].Kind == ReasonLeftOut {
		link := "; "
		if reasons[1].isDifference() {
			link = ", and stale: "
		}
		return w.sentence(reasons[0]) + link + w.Sentence(reasons[1:])
	}
	var parts, causes []string
	its := map[*Unit][]string{}
	at := map[*Unit]int{}
	for _, r := range reasons {
		if !r.isDifference() || r.Cause == nil {
			parts = append(parts, w.sentence(r))
			continue
		}
		if _, known := at[r.Cause]; !known {
			at[r.Cause] = len(causes)
			causes = append(causes, "")
		}
		its[r.Cause] = append(its[r.Cause], r.difference())
		causes[at[r.Cause]] = fmt.Sprintf("%s (its %s)", w.name(r.Cause), enumerate(its[r.Cause], ", "))
	}
	if len(causes) > 0 {
		parts = append(parts, "follows "+enumerate(causes, ", "))
	}
	return enumerate(parts, "; ")
}

// enumerate joins texts; of many it counts those beyond the first few.
func enumerate(texts []string, separator string) string {
	const most = 4
	if len(texts) <= most+1 {
		return strings.Join(texts, separator)
	}
	return fmt.Sprintf("%s%sand %d more", strings.Join(texts[:most], separator), separator, len(texts)-most)
}

func (w Wording) name(u *Unit) string {
	if w.Units {
		return u.Address
	}
	return u.Stage.Address
}

// sentence says a reason that is about the unit itself.
func (w Wording) sentence(r Reason) string {
	switch r.Kind {
	case ReasonNever:
		return "never ran"
	case ReasonNew:
		return "new: not in the last run"
	case ReasonFailed:
		return "failed in the last run: " + firstLine(r.Detail)
	case ReasonRemoved:
		return "its stored result was removed"
	case ReasonDamaged:
		return "its stored result is damaged: " + firstLine(r.Detail)
	case ReasonCheckpoint:
		return "has a checkpoint of " + w.when(r.Time)
	case ReasonUnpublished:
		return "stored, and its published SavedModel is missing or differs"
	case ReasonForced:
		return "forced by --force"
	case ReasonLeftOut:
		return "left out"
	case ReasonBlocked:
		return fmt.Sprintf("needs %s, which is left out and not stored", w.name(r.Cause))
	case ReasonCode:
		return fmt.Sprintf("%s's code changed (version %s -> %s)", r.Detail, r.Old, r.New)
	case ReasonVariantCode:
		return fmt.Sprintf("the code of %s %s changed (version %s -> %s)", r.Path, r.Detail, r.Old, r.New)
	case ReasonRuntime:
		return "the runtime changed " + arrow(r, bare)
	case ReasonUnknown:
		return "its settings changed, in a way that the record does not tell"
	}
	return r.difference()
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// when tells a time, or how long ago it was.
func (w Wording) when(t time.Time) string {
	if w.Now.IsZero() {
		return t.UTC().Format(time.RFC3339)
	}
	ago := max(0, w.Now.Sub(t))
	switch {
	case ago < time.Minute:
		return fmt.Sprintf("%d s ago", ago/time.Second)
	case ago < time.Hour:
		return fmt.Sprintf("%d min ago", ago/time.Minute)
	case ago < 48*time.Hour:
		return fmt.Sprintf("%d h ago", ago/time.Hour)
	}
	return fmt.Sprintf("%d days ago", ago/(24*time.Hour))
}

// difference says what differs from an earlier run, in words that also fit behind
// "its".
func (r Reason) difference() string {
	switch r.Kind {
	case ReasonUnknown:
		return "settings, in a way that the record does not tell"
	case ReasonCode:
		return fmt.Sprintf("code, version %s -> %s", r.Old, r.New)
	case ReasonVariantCode:
		return fmt.Sprintf("%s %s's code, version %s -> %s", r.Path, r.Detail, r.Old, r.New)
	case ReasonRuntime:
		return "runtime " + arrow(r, bare)
	case ReasonFile:
		return r.Path + ", content " + arrow(r, digestText)
	case ReasonInputUnits:
		if string(r.Old) == string(r.New) {
			return r.Path + " reads other units than before"
		}
		return r.Path + " " + arrow(r, bare) + " units"
	case ReasonVariant, ReasonInput:
		return r.Path + " " + r.appears(bare)
	}
	if isBlock(r.Old) || isBlock(r.New) {
		return r.Path + " " + r.appears(func(json.RawMessage) string { return "" })
	}
	return r.Path + " " + arrow(r, literal)
}

// appears is an arrow between two names, or says which one is new or gone.
func (r Reason) appears(name func(json.RawMessage) string) string {
	switch {
	case r.Old == nil:
		return strings.TrimSpace(name(r.New) + " added")
	case r.New == nil:
		return strings.TrimSpace(name(r.Old) + " removed")
	}
	return arrow(r, name)
}

func arrow(r Reason, show func(json.RawMessage) string) string {
	return show(r.Old) + " -> " + show(r.New)
}
