package dataset

import (
	"fmt"
	"slices"
)

// Subset draws perClass images of each class from a split, ascending. It is a
// pure function of its arguments and the split, and nested: for one seed the
// subset of 10 images a class lies within that of 50.
func (d *Dataset) Subset(split string, perClass int, seed int64) ([]int, error) {
	if perClass < 1 {
		return nil, fmt.Errorf("draw labels from %s: %d images of each class", split, perClass)
	}
	return d.draw(split, seed, func(int) int { return perClass })
}

// Fraction draws permille thousandths of each class's images in a split, rounded,
// but at least one of each class; ascending. For one seed it is nested with
// itself and with [Dataset.Subset]: whichever takes fewer images of a class takes
// some of those that the other takes.
func (d *Dataset) Fraction(split string, permille int, seed int64) ([]int, error) {
	if permille < 1 || permille > 1000 {
		return nil, fmt.Errorf("draw labels from %s: %d thousandths of each class", split, permille)
	}
	return d.draw(split, seed, func(have int) int { return min(have, max(1, (have*permille+500)/1000)) })
}

// draw takes as many images of each class as take says for the number there is.
func (d *Dataset) draw(split string, seed int64, take func(have int) int) ([]int, error) {
	indices, err := d.Split(split)
	if err != nil {
		return nil, fmt.Errorf("draw labels: %w", err)
	}
	if len(d.Meta.Classes) < 2 {
		return nil, fmt.Errorf("draw labels: %s has %d classes, a classifier needs two", d.Meta.Name, len(d.Meta.Classes))
	}
	byClass := make([][]int, len(d.Meta.Classes))
	for _, i := range indices {
		if l := d.labels[i]; l >= 0 {
			byClass[l] = append(byClass[l], i)
		}
	}
	chosen, short := stratified(byClass, take, "subset", seed)
	if short != nil {
		return nil, fmt.Errorf("draw labels: class %q has %d images in %s, %d were asked for", d.Meta.Classes[short.class], short.have, split, short.want)
	}
	slices.Sort(chosen)
	return chosen, nil
}

// shortage is a class with fewer images than were asked for.
type shortage struct{ class, have, want int }

// stratified takes as many members of every class as take says, each class in an
// order of its own, so that a class added or dropped leaves the draws of others
// alone.
func stratified(byClass [][]int, take func(have int) int, purpose string, seed int64) ([]int, *shortage) {
	var chosen []int
	for class, members := range byClass {
		want := take(len(members))
		if len(members) < max(1, want) {
			return nil, &shortage{class: class, have: len(members), want: max(1, want)}
		}
		for _, p := range permutation(len(members), purpose, seed, class)[:want] {
			chosen = append(chosen, members[p])
		}
	}
	return chosen, nil
}
