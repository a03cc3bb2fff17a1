package stages

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
	"sslpipe/internal/report"
)

// findLeaks looks for the test examples among all that any arm has learnt from or
// chosen by, and counts them.
func (e *evaluation) findLeaks(ctx context.Context) error {
	// Training and pre-training often read the same examples.
	compared := map[[2]string]comparedPart{}
	for _, use := range e.uses() {
		at := [2]string{use.Digest, use.Split}
		if _, done := compared[at]; !done {
			part, err := e.compareWith(ctx, use)
			if err != nil {
				return fmt.Errorf("compare the %s %s of %s with the test set: %w", use.Purpose, e.noun(), use.Name, err)
			}
			compared[at] = part
		}
		e.tell(use, compared[at])
	}
	var found []string
	for _, l := range e.scores.Leaks {
		if l.Exact > 0 {
			found = append(found, fmt.Sprintf("%d of %d %[5]s for %[3]s are test %[5]s of %[4]s too", l.Exact, l.Of, l.Part, l.Set, e.noun()))
		}
	}
	if len(found) > 0 && e.config.Leaks == leaksError {
		return fmt.Errorf("%s; scores would flatter: take these %s out of one of them, or set leaks = %q to count them and go on",
			strings.Join(found, "; "), e.noun(), leaksReport)
	}
	return nil
}

// noun is what the test sets are made of.
func (e *evaluation) noun() string { return e.sets[0].Meta.Text.Noun() }

// uses are the parts of data that the classifiers name, each once.
func (e *evaluation) uses() []artifact.DataUse {
	var all []artifact.DataUse
	for _, run := range e.runs {
		for _, use := range run.Classifier.Data {
			if !slices.Contains(all, use) {
				all = append(all, use)
			}
		}
	}
	return all
}

// comparedPart is a split of some data beside the test sets.
type comparedPart struct {
	images   int
	digest   string
	overlaps []dataset.Overlap // by test set
}

func (e *evaluation) compareWith(ctx context.Context, use artifact.DataUse) (compared comparedPart, err error) {
	data, err := openSplit(e.env.Inputs["data"][0].Object(use.Digest), use.Split)
	if err != nil {
		return compared, err
	}
	defer func() { err = errors.Join(err, data.Close()) }()
	compared = comparedPart{images: len(data.indices), digest: data.Digest(data.indices)}
	part := dataset.Part{Name: use.Name, Data: data.Dataset, Indices: data.indices}
	for _, set := range e.sets {
		overlap, err := dataset.FindOverlap(ctx, part, dataset.Part{Name: set.Meta.Name, Data: set.Dataset, Indices: set.indices})
		if err != nil {
			return compared, err
		}
		compared.overlaps = append(compared.overlaps, overlap)
	}
	return compared, nil
}

// tell writes down what was found for one purpose.
func (e *evaluation) tell(use artifact.DataUse, compared comparedPart) {
	e.scores.Parts = append(e.scores.Parts, report.Part{
		Purpose: use.Purpose, Name: use.Name, Split: use.Split, Images: compared.images, Digest: compared.digest,
	})
	for i, overlap := range compared.overlaps {
		e.scores.Leaks = append(e.scores.Leaks, report.Leak{
			Part: fmt.Sprintf("%s (%s of %s)", use.Purpose, use.Split, use.Name), Set: e.sets[i].Meta.Name,
			Exact: overlap.Exact, Near: overlap.Near, Of: overlap.Of,
		})
	}
}
