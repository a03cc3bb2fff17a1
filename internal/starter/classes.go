package starter

import (
	"cmp"
	"fmt"
	"slices"

	"sslpipe/internal/dataset"
)

// cuts are images of each class that are taken out of training; 0 where the data
// has a part of its own.
type cuts struct {
	Test, Validation int
}

// The least images of a class that is to be told from others: one to validate
// with, and at least two labels to learn from; a third is tested on where the
// data has no test images.
const (
	leastTrain     = 4
	leastWithTests = 8
)

const (
	mostValidation = 50   // of each class, and
	allValidation  = 1000 // of all, since training stops again and again to look at them
	wantedTest     = 2000 // images, to hold out where there are no others
	poorTest       = 500  // images, below which some of training join them
)

// chooseClasses decides which classes are compared and how their images are cut.
func (d *draft) chooseClasses() error {
	if len(d.Survey.Classes) < 2 {
		return d.alone()
	}
	tested := slices.ContainsFunc(d.Survey.Classes, func(c dataset.Class) bool { return c.Test > 0 })
	for _, c := range d.Survey.Classes {
		if c.Train < leastTrain || tested && c.Test == 0 || !tested && c.Train < leastWithTests {
			d.Dropped = append(d.Dropped, c)
			continue
		}
		d.Kept = append(d.Kept, c)
	}
	if len(d.Kept) < 2 {
		return d.nothingToCompare(tested)
	}
	d.cut(tested)
	d.Labels = budgets(d.smallest().Train-d.Test-d.Validation, len(d.Kept))
	return nil
}

// alone checks images that no classes are told apart by.
func (d *draft) alone() error {
	if d.Available() < 2 {
		return fmt.Errorf("%w: there is %d to train on", ErrNothingToCompare, d.Available())
	}
	if len(d.Survey.Classes) == 1 {
		d.Validation = 1 // the least that can be asked for
	}
	return nil
}

func (d *draft) nothingToCompare(tested bool) error {
	least, where := leastWithTests, "images"
	if tested {
		least, where = leastTrain, "training images, and test images,"
	}
	largest := slices.SortedFunc(slices.Values(d.Survey.Classes), func(a, b dataset.Class) int { return cmp.Compare(b.Train, a.Train) })[0]
	return fmt.Errorf("%w: of %d classes, fewer than two have at least %d %s of their own; the largest is %s with %d training and %d test images",
		ErrNothingToCompare, len(d.Survey.Classes), least, where, printable(largest.Name), largest.Train, largest.Test)
}

// cut decides how many images of each class are held out for validation and test.
func (d *draft) cut(tested bool) {
	least, classes := d.smallest().Train, len(d.Kept)
	if d.total(func(c dataset.Class) int { return c.Validation }) == 0 {
		d.Validation = clamp(least*15/100, 1, min(mostValidation, ceil(allValidation, classes)))
	}
	official := d.total(func(c dataset.Class) int { return c.Test })
	switch {
	case !tested:
		d.Test = clamp(least/3, 2, ceil(wantedTest, classes))
	case official < poorTest:
		d.Test = clamp(ceil(poorTest-official, classes), 0, least/5)
	}
}

// smallest returns the class with the fewest training images.
func (d *draft) smallest() dataset.Class {
	return slices.MinFunc(d.Kept, func(a, b dataset.Class) int { return cmp.Compare(a.Train, b.Train) })
}

// largest returns the class with the most training images.
func (d *draft) largest() dataset.Class {
	return slices.MaxFunc(d.Kept, func(a, b dataset.Class) int { return cmp.Compare(a.Train, b.Train) })
}

// fewLabels is the number of labels, over all classes, above which they can hardly
// be called few.
const fewLabels = 2000

// budgets chooses label budgets: the largest of a round number that every class
// has, and a fifth of it.
func budgets(pool, classes int) []int {
	for _, b := range [][]int{{10, 50}, {5, 20}, {2, 10}, {1, 5}, {1, 2}} {
		if b[1] <= pool && b[1]*classes <= fewLabels {
			return b
		}
	}
	return []int{min(2, pool)}
}

func clamp(n, low, high int) int { return max(low, min(n, high)) }

func ceil(n, by int) int { return (n + by - 1) / by }
