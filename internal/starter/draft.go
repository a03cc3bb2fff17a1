package starter

import (
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/dataset"
)

// draft is a pipeline in the making: what was found, and what was decided. The
// templates read its exported fields and methods.
type draft struct {
	Options
	Survey *dataset.Survey

	Kept    []dataset.Class // classes to tell apart
	Dropped []dataset.Class // classes with too few images for that
	cuts
	Labels []int // budgets, in labels per class

	Seeds        int
	Pretrainings int
	MaxSteps     int
	Side         int // of the images
	Channels     int
	Batch        int // of the pre-training
	Unlabelled   int // images to pre-train on; 0 takes all
	Epochs       int
	Recipe       recipe
	Oriented     string // why images must not be mirrored; "" where nothing speaks against it
	seconds      cost

	Warnings []string
}

// decide makes every choice, in the order in which they depend on each other.
func (d *draft) decide() error {
	if err := d.readable(); err != nil {
		return err
	}
	if err := d.chooseClasses(); err != nil {
		return err
	}
	d.chooseTask()
	d.chooseLength()
	d.warn()
	return nil
}

// maxBad is the share of unreadable files that a run would refuse.
const maxBad = 0.01

func (d *draft) readable() error {
	bad, of := d.Survey.Look.Unreadable, d.Survey.Look.Images
	if len(bad) <= 1 || float64(len(bad)) <= maxBad*float64(of) {
		return nil
	}
	var first []string
	for _, skip := range bad[:min(3, len(bad))] {
		first = append(first, printable(skip.Name)+" "+skip.Reason)
	}
	return fmt.Errorf("%s of %s images cannot be read, and a run refuses more than 1 %%: %s",
		count(len(bad)), count(of), strings.Join(first, "; "))
}

// Compares tells whether there are classes to tell apart.
func (d *draft) Compares() bool { return len(d.Kept) > 1 }

// chooseTask decides on the pretext task and on mirroring.
func (d *draft) chooseTask() {
	d.Oriented = mirrored(d.Survey)
	if d.Pretext == "" {
		d.Pretext = "rotation"
		if d.Oriented != "" {
			d.Pretext = "simclr"
		}
	}
	d.Recipe = recipes[d.Pretext]
	d.Channels = 3
	if look := d.Survey.Look; look.Grey > 0 && look.Grey+len(look.Unreadable) == look.Images {
		d.Channels = 1
	}
}

// mirrored says why images should not be mirrored or turned, as far as names tell.
func mirrored(s *dataset.Survey) string {
	if len(s.Classes) == 0 {
		return ""
	}
	sign := func(c dataset.Class) bool { return len([]rune(c.Name)) != 1 }
	switch {
	case s.Layout == "idx":
		return "This format has no names of classes. If they are digits or letters, a mirrored image is another one or none."
	case !slices.ContainsFunc(s.Classes, sign):
		return "The classes look like digits or letters: a mirrored one is another one or none, and a 6 that is turned is a 9."
	}
	return ""
}

// total adds up a number over the classes that are kept.
func (d *draft) total(of func(dataset.Class) int) int {
	n := 0
	for _, c := range d.Kept {
		n += of(c)
	}
	return n
}

// TestImages is how many images the arms are tested on.
func (d *draft) TestImages() int {
	return d.total(func(c dataset.Class) int { return c.Test }) + d.Test*len(d.Kept)
}

// ValidationImages is how many images choices are made on.
func (d *draft) ValidationImages() int {
	return d.total(func(c dataset.Class) int { return c.Validation }) + d.Validation*len(d.Kept)
}

// Available is how many images there are to pre-train on. Copies of test images
// are taken out of them when the data is prepared.
func (d *draft) Available() int {
	n := d.Survey.Unlabelled - (d.Test+d.Validation)*len(d.Kept)
	for _, c := range d.Survey.Classes {
		n += c.Train
	}
	return n
}

// Read is how many images are pre-trained on.
func (d *draft) Read() int {
	if d.Unlabelled > 0 {
		return d.Unlabelled
	}
	return d.Available()
}
