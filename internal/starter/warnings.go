package starter

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/dataset"
)

const (
	fewTest        = 400 // images, below which an accuracy is good to ±5 points at best
	fewValidation  = 50
	fewUnlabelled  = 2000
	imbalanced     = 3   // times as many images as the smallest class has
	elongated      = 140 // percent
	overtime       = 1.3 // times the wanted minutes
	mostNamed      = 8   // classes in a sentence
	notableCopies  = 20  // one copy in so many images is worth a word
	percentOfWhole = 100
)

// warn gathers what stands in the way of a trustworthy result.
func (d *draft) warn() {
	d.warnOfTime()
	d.warnOfCopies()
	if n := d.Available(); n < fewUnlabelled {
		d.warnf("Pre-training lives on many images, and %s are few.%s", count(n), d.moreImages())
	}
	if longer := d.Survey.Look.Longer.Median; longer >= elongated {
		d.warnf("The images are long: of the median one, the longer side is %d.%02d times the shorter. Each is cut to its central square, so what matters should not be at the ends.", longer/100, longer%100)
	}
	if !d.Compares() {
		return
	}
	d.warnOfClasses()
	if n := d.TestImages(); n < fewTest {
		d.warnf("%s to test are few: the accuracy of one run is known to ±%.0f points at best (95 %% interval at 50 %%), and differences between arms hardly better. What is smaller than that, this data cannot show.", images(n), halfWidth(n))
	}
	if n := d.ValidationImages(); n < fewValidation {
		d.warnf("%s to validate choose when training stops, which is a matter of luck with so few.", images(n))
	}
}

func (d *draft) warnf(format string, args ...any) {
	d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...))
}

// moreImages says where more images to pre-train on would go.
func (d *draft) moreImages() string {
	switch {
	case d.Survey.Layout != "image-folder":
		return ""
	case len(d.Survey.Classes) == 0:
		return " More of the same kind can be put beside them."
	}
	return " More of the same kind that have no labels can go into a folder unlabelled/, beside the others."
}

func (d *draft) warnOfTime() {
	if got := d.EstimatedMinutes(); float64(got) > overtime*float64(d.Minutes) {
		d.warnf("A run takes about %d minutes, by estimate: less than this is hardly worth running, so the wish for %d was not followed.", got, d.Minutes)
	}
}

func (d *draft) warnOfCopies() {
	c := d.Survey.Copies
	if c == nil {
		return
	}
	if c.Labels > 0 {
		d.warnf("%s in one class equal an image of another class, byte for byte: their labels contradict each other.", images(c.Labels))
	}
	if c.Images*notableCopies > d.Survey.Images() {
		d.warnf("%d %% of the images are copies of others. Copies of test and validation images are taken out of training when the data is prepared; other copies stay, and count as if they were more images.", c.Images*percentOfWhole/d.Survey.Images())
	}
}

// warnOfClasses tells which classes are left out, and of large differences between
// those that are not.
func (d *draft) warnOfClasses() {
	if n := len(d.Dropped); n > 0 {
		d.warnf("Left out for having too few images to learn, validate and test with: %s. Their training images still serve the pre-training.", someNames(d.Dropped))
	}
	least, most := d.smallest(), d.largest()
	if most.Train < imbalanced*least.Train {
		return
	}
	d.warnf("The classes differ in size: %s has %s training images, %s has %s. Label budgets are the same for each class and end at what the smallest has; where the test images differ as well, read balanced accuracy beside accuracy. To leave a class out, name the others in classes.",
		printable(least.Name), count(least.Train), printable(most.Name), count(most.Train))
}

// someNames lists the smallest classes first, and not all of many.
func someNames(classes []dataset.Class) string {
	sorted := slices.SortedStableFunc(slices.Values(classes), func(a, b dataset.Class) int { return cmp.Compare(a.Train, b.Train) })
	named := sorted[:min(mostNamed, len(sorted))]
	texts := make([]string, len(named))
	for i, c := range named {
		texts[i] = fmt.Sprintf("%s (%d)", printable(c.Name), c.Train)
	}
	text := strings.Join(texts, ", ")
	if rest := len(sorted) - len(named); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}
