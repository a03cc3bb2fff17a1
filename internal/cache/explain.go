package cache

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/schema"
)

// Explanation is a result with what the newest run that names it says of it.
type Explanation struct {
	*Result
	Run    string          // name of that run's folder; empty where no run names it
	Recipe json.RawMessage // canonical JSON that the fingerprint is the hash of
	Reads  []string        // addresses of the outputs that it reads
}

// Explain tells of results.
func (s *Survey) Explain(results []*Result) ([]Explanation, error) {
	var list []Explanation
	for _, r := range results {
		e := Explanation{Result: r}
		name, unit, err := s.Roots.Recipe(r.Fingerprint)
		if err != nil {
			return nil, err
		}
		e.Run, e.Recipe = name, unit.Recipe
		for _, field := range slices.Sorted(maps.Keys(unit.Inputs)) {
			e.Reads = append(e.Reads, unit.Inputs[field]...)
		}
		list = append(list, e)
	}
	return list, nil
}

// notFound says what is known of something that is not stored.
func (s *Survey) notFound(what string) error {
	if planned := s.Roots.Planned(what); len(planned) > 0 {
		return s.notStored(planned)
	}
	var known []string
	for _, r := range s.Results {
		stage, _, _ := strings.Cut(r.Unit, "[")
		known = append(known, r.Unit, stage)
	}
	return fmt.Errorf("%s holds no result %q; it takes an address as in sslpipe cache ls, with * and ?, or %d characters or more of a fingerprint.%s",
		s.Dir, what, minPrefix, schema.DidYouMean(what, known))
}

// notStored tells of what runs and lock files name and the store does not have:
// addresses by fingerprint.
func (s *Survey) notStored(planned map[string]string) error {
	first := slices.MinFunc(slices.Collect(maps.Keys(planned)), func(a, b string) int {
		return cmp.Or(compareNatural(planned[a], planned[b]), cmp.Compare(a, b))
	})
	state := "was never run to its end, or was removed"
	if slices.ContainsFunc(s.Inventory.Work, func(w artifact.Scrap) bool { return w.Name == first }) {
		state = "was interrupted, and the next run resumes it"
	}
	if who := s.Roots.Held[first]; who != "" {
		state = "is being run by " + who
	}
	more := ""
	if len(planned) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(planned)-1)
	}
	return fmt.Errorf("%s, fingerprint %.12s, is not stored: it %s%s", planned[first], first, state, more)
}
