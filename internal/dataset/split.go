package dataset

import (
	"cmp"
	"fmt"
	"slices"
)

// record is one decoded image while the splits are cut; its image number is its
// index.
type record struct {
	part  part
	label int // -1 none
	rank  int // place in the random order in which unlabelled images are taken
	hash  [32]byte
}

// cutter deals images to splits.
type cutter struct {
	records    []record
	classes    []string
	source     Source
	splits     map[string][]int
	duplicates map[string]int
	pool       []int // images that may still be trained on, ascending
}

// cut deals records to splits: test first, then validation, then the rest; each
// step takes with it the images that equal one of its own.
func cut(records []record, classes []string, s Source) (*cutter, error) {
	c := &cutter{
		records: records, classes: classes, source: s, duplicates: map[string]int{},
		splits: map[string][]int{Unlabelled: nil, Train: nil, Validation: nil, Test: nil},
	}
	var validation []int
	for i, r := range records {
		switch r.part {
		case partTest:
			c.splits[Test] = append(c.splits[Test], i)
		case partValidation:
			validation = append(validation, i)
		default:
			c.pool = append(c.pool, i)
		}
	}
	if err := c.take(Test, s.TestPerClass); err != nil {
		return nil, err
	}
	c.splits[Validation] = c.withoutEqual(validation, Test, func(int) string { return Validation })
	if len(validation) == 0 {
		if err := c.take(Validation, s.ValidationPerClass); err != nil {
			return nil, err
		}
	} else {
		c.dropEqual(Validation)
	}
	return c, c.rest()
}

// take moves perClass labelled images of each class from the pool to a split,
// and drops from the pool what equals an image of the split.
func (c *cutter) take(split string, perClass int) error {
	if perClass > 0 {
		byClass := make([][]int, len(c.classes))
		for _, i := range c.pool {
			if r := c.records[i]; r.part == partTrain {
				byClass[r.label] = append(byClass[r.label], i)
			}
		}
		chosen, short := stratified(byClass, func(int) int { return perClass }, split, c.source.Seed)
		if short != nil {
			things := c.source.things()
			return fmt.Errorf("class %q has %d training %s, too few for %d %s %s of each class", c.classes[short.class], short.have, things, perClass, split, things)
		}
		slices.Sort(chosen)
		c.pool = slices.DeleteFunc(c.pool, func(i int) bool { _, in := slices.BinarySearch(chosen, i); return in })
		c.splits[split] = append(c.splits[split], chosen...)
		slices.Sort(c.splits[split])
	}
	c.dropEqual(split)
	return nil
}

// dropEqual drops from the pool what equals an image of a split.
func (c *cutter) dropEqual(split string) {
	c.pool = c.withoutEqual(c.pool, split, func(i int) string {
		if c.records[i].part == partTrain {
			return Train
		}
		return Unlabelled
	})
}

// withoutEqual returns the images that equal none of a split, and counts the
// others under the name that countAs gives.
func (c *cutter) withoutEqual(images []int, split string, countAs func(int) string) []int {
	seen := map[[32]byte]bool{}
	for _, i := range c.splits[split] {
		seen[c.records[i].hash] = true
	}
	return slices.DeleteFunc(images, func(i int) bool {
		if seen[c.records[i].hash] {
			c.duplicates[countAs(i)]++
			return true
		}
		return false
	})
}

// rest deals the pool: all of it is unlabelled, up to the limit, and what has
// labels is for training.
func (c *cutter) rest() error {
	left := make([]int, len(c.classes))
	for _, i := range c.pool {
		if r := c.records[i]; r.part == partTrain {
			c.splits[Train] = append(c.splits[Train], i)
			left[r.label]++
		}
	}
	for class, n := range left {
		if n == 0 {
			return fmt.Errorf("class %q has no training %s left after %d for test and %d for validation", c.classes[class], c.source.things(), c.source.TestPerClass, c.source.ValidationPerClass)
		}
	}
	unlabelled := slices.Clone(c.pool)
	if limit := c.source.UnlabelledLimit; limit > 0 && limit < len(unlabelled) {
		slices.SortFunc(unlabelled, func(a, b int) int { return cmp.Compare(c.records[a].rank, c.records[b].rank) })
		unlabelled = unlabelled[:limit]
		slices.Sort(unlabelled)
	}
	c.splits[Unlabelled] = unlabelled
	// Without classes to tell apart there is nothing to test.
	if len(c.splits[Test]) == 0 && len(c.classes) > 1 {
		return fmt.Errorf("there are no test %s: the data set has none, so test_per_class must hold some out", c.source.things())
	}
	return nil
}
