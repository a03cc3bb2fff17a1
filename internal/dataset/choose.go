package dataset

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// chosen are the images of a catalogue that a source asks for, with their labels
// renumbered, and the names of the classes.
type chosen struct {
	items   []item
	ranks   []int // of items, in the random order of unlabelled images
	classes []string
}

// choose applies class selection and the unlabelled limit. Images of classes
// that are not selected stay as unlabelled ones, except test and validation
// images, which are never trained on.
func choose(c *catalogue, known KnownSet, s Source) (chosen, error) {
	renumber, classes, err := selection(c.labels, known, s.Classes)
	if err != nil {
		return chosen{}, err
	}
	out := chosen{classes: classes}
	for _, it := range c.items {
		if it.label >= 0 {
			it.label = renumber[it.label]
		}
		switch {
		case it.label >= 0:
		case it.part == partTrain:
			it.part = partUnlabelled
		case it.part != partUnlabelled:
			continue
		}
		out.items = append(out.items, it)
	}
	out.rank(s)
	return out, nil
}

// selection returns the new label of each class, -1 where it is not selected,
// and the names of the new labels. Classes can be selected by the data set's own
// label or by its name.
func selection(labels []string, known KnownSet, want map[string]string) (renumber []int, classes []string, err error) {
	names := labels
	if len(known.Classes) > 0 {
		if len(known.Classes) != len(labels) {
			return nil, nil, fmt.Errorf("has %d classes, %s has %d", len(labels), known.Name, len(known.Classes))
		}
		names = known.Classes
	}
	renumber = make([]int, len(labels))
	if len(want) == 0 {
		for i := range renumber {
			renumber[i] = i
		}
		return renumber, names, nil
	}
	for i := range renumber {
		renumber[i] = -1
	}
	for n, name := range slices.Sorted(maps.Keys(want)) {
		at := slices.Index(labels, want[name])
		if at < 0 {
			at = slices.Index(names, want[name])
		}
		if at < 0 {
			return nil, nil, fmt.Errorf("class %q: no label %q; there are %s", name, want[name], shorten(names))
		}
		if renumber[at] >= 0 {
			return nil, nil, fmt.Errorf("label %q is given two names", want[name])
		}
		renumber[at] = n
		classes = append(classes, name)
	}
	return renumber, classes, nil
}

// rank orders the images that may be unlabelled at random and leaves out those
// that cannot come within the limit, so that they need not be decoded. At most
// the labelled ones can move to other splits, hence the allowance.
func (c *chosen) rank(s Source) {
	var eligible []int
	labelled := 0
	for i, it := range c.items {
		if it.part == partTrain || it.part == partUnlabelled {
			eligible = append(eligible, i)
		}
		if it.part == partTrain {
			labelled++
		}
	}
	c.ranks = make([]int, len(c.items))
	for n, r := range permutation(len(eligible), "unlabelled", s.Seed, 0) {
		c.ranks[eligible[n]] = r
	}
	if s.UnlabelledLimit == 0 {
		return
	}
	kept, ranks := c.items[:0:0], c.ranks[:0:0]
	for i, it := range c.items {
		if it.part != partUnlabelled || c.ranks[i] < s.UnlabelledLimit+labelled {
			kept, ranks = append(kept, it), append(ranks, c.ranks[i])
		}
	}
	c.items, c.ranks = kept, ranks
}

// shorten lists names, the first few of many.
func shorten(names []string) string {
	const most = 12
	var first []string
	for _, name := range names[:min(most, len(names))] {
		first = append(first, shown(name))
	}
	if len(names) <= most {
		return strings.Join(first, ", ")
	}
	return fmt.Sprintf("%s, ... (%d)", strings.Join(first, ", "), len(names))
}
