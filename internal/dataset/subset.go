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
	indices, err := d.Split(split)
	if err != nil {
		return nil, fmt.Errorf("draw labels: %w", err)
	}
	byClass := make([][]int, len(d.Meta.Classes))
	for _, i := range indices {
		if l := d.labels[i]; l >= 0 {
			byClass[l] = append(byClass[l], i)
		}
	}
	chosen, short := stratified(byClass, perClass, "subset", seed)
	if short != nil {
		return nil, fmt.Errorf("draw labels: class %q has %d images in %s, %d were asked for", d.Meta.Classes[short.class], short.have, split, perClass)
	}
	slices.Sort(chosen)
	return chosen, nil
}

// shortage is a class with fewer images than were asked for.
type shortage struct{ class, have int }

// stratified takes perClass members of every class, each class in an order of
// its own, so that a class added or dropped leaves the draws of others alone.
func stratified(byClass [][]int, perClass int, purpose string, seed int64) ([]int, *shortage) {
	chosen := make([]int, 0, len(byClass)*perClass)
	for class, members := range byClass {
		if len(members) < perClass {
			return nil, &shortage{class: class, have: len(members)}
		}
		for _, p := range permutation(len(members), purpose, seed, class)[:perClass] {
			chosen = append(chosen, members[p])
		}
	}
	return chosen, nil
}
