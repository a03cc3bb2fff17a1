package starter

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"sslpipe/internal/dataset"
)

// Found is what the data is.
func (d *draft) Found() []Fact {
	facts := []Fact{{"images", d.partsText()}}
	if len(d.Survey.Classes) > 0 {
		facts = append(facts, Fact{"classes", d.classesText()})
	}
	facts = append(facts, Fact{"size", d.sizeText()}, Fact{"colour", d.colourText()}, Fact{"copies", d.copiesText()})
	if n := len(d.Survey.Look.Unreadable); n > 0 {
		skip := d.Survey.Look.Unreadable[0]
		facts = append(facts, Fact{"unreadable", fmt.Sprintf("%s, as %s, which %s", count(n), printable(skip.Name), skip.Reason)})
	}
	if n := d.Survey.Ignored; n > 0 {
		facts = append(facts, Fact{"other files", fmt.Sprintf("%s, which are left alone", count(n))})
	}
	facts = append(facts, Fact{"layout", d.Survey.Layout})
	if look := d.Survey.Look; !look.All {
		facts = append(facts, Fact{"looked at", fmt.Sprintf("the headers of %s, spread over all, for size and colour", images(look.Images))})
	}
	return facts
}

func (d *draft) partsText() string {
	var train, validation, test int
	for _, c := range d.Survey.Classes {
		train, validation, test = train+c.Train, validation+c.Validation, test+c.Test
	}
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{train, "training"}, {validation, "validation"}, {test, "test"}, {d.Survey.Unlabelled, "unlabelled"}} {
		if p.n > 0 {
			parts = append(parts, count(p.n)+" "+p.what)
		}
	}
	text := strings.Join(parts, ", ")
	if from := d.Survey.TestFolder; from != "" && from != "test" {
		text += fmt.Sprintf(" (the test images are those of the folder %s)", printable(from))
	}
	return text
}

func (d *draft) classesText() string {
	bySize := slices.SortedFunc(slices.Values(d.Survey.Classes), func(a, b dataset.Class) int { return cmp.Compare(a.Train, b.Train) })
	least, most := bySize[0], bySize[len(bySize)-1]
	text := count(len(bySize))
	if len(bySize) == 1 {
		return fmt.Sprintf("1, %s", printable(least.Name))
	}
	if least.Train == most.Train {
		text += fmt.Sprintf(", each with %s training images", count(least.Train))
	} else {
		text += fmt.Sprintf(", with %s (%s) to %s (%s) training images", count(least.Train), printable(least.Name), count(most.Train), printable(most.Name))
	}
	if low, high := spread(bySize, func(c dataset.Class) int { return c.Test }); high > 0 && low == high {
		text += fmt.Sprintf(" and %s test images", count(low))
	} else if high > 0 {
		text += fmt.Sprintf(" and %s to %s test images", count(low), count(high))
	}
	if len(bySize) <= 12 {
		text += ": " + names(d.Survey.Classes)
	}
	return text
}

func spread(classes []dataset.Class, of func(dataset.Class) int) (low, high int) {
	low, high = of(classes[0]), of(classes[0])
	for _, c := range classes {
		low, high = min(low, of(c)), max(high, of(c))
	}
	return low, high
}

// names lists classes.
func names(classes []dataset.Class) string {
	texts := make([]string, len(classes))
	for i, c := range classes {
		texts[i] = printable(c.Name)
	}
	return strings.Join(texts, ", ")
}

func (d *draft) sizeText() string {
	w, h := d.Survey.Look.Width, d.Survey.Look.Height
	if w.Min == w.Max && h.Min == h.Max {
		return fmt.Sprintf("%dx%d pixels", w.Median, h.Median)
	}
	side := d.Survey.Look.Side
	if side.Min == side.Max {
		return fmt.Sprintf("%dx%d pixels in the median; the shorter side is %d", w.Median, h.Median, side.Min)
	}
	return fmt.Sprintf("%dx%d pixels in the median; the shorter side is %d to %d, median %d", w.Median, h.Median, side.Min, side.Max, side.Median)
}

func (d *draft) colourText() string {
	look := d.Survey.Look
	readable := look.Images - len(look.Unreadable)
	switch look.Grey {
	case 0:
		return "stored in colour"
	case readable:
		return "grey"
	}
	return fmt.Sprintf("%s stored in colour, %s in grey", count(readable-look.Grey), count(look.Grey))
}

func (d *draft) copiesText() string {
	c := d.Survey.Copies
	switch {
	case c == nil:
		return "not looked for: too much to read"
	case c.Images == 0:
		return "none (byte for byte)"
	}
	text := count(c.Images) + " that equal another one byte for byte"
	if c.Parts > 0 {
		text += fmt.Sprintf(", %s of them across parts such as training and test", count(c.Parts))
	}
	return text
}

// halfWidth is that of a 95 % interval for an accuracy of one half on n images, in
// points.
func halfWidth(n int) float64 { return 196 * math.Sqrt(0.25/float64(max(1, n))) }

// choices sums up what was decided.
func (d *draft) choices() []Fact {
	facts := []Fact{{"task", d.Pretext}, {"image size", fmt.Sprintf("%dx%d", d.Side, d.Side)}}
	if d.Compares() {
		facts = append(facts,
			Fact{"labels", "per class: " + numbers(d.Labels)},
			Fact{"held out", fmt.Sprintf("%s to test, %s to validate", images(d.TestImages()), images(d.ValidationImages()))},
			Fact{"repetitions", fmt.Sprintf("%d label draws on %d pre-trainings", d.Seeds, d.Pretrainings)})
	}
	return append(facts,
		Fact{"length", fmt.Sprintf("%d epochs over %s", d.Epochs, images(d.Read()))},
		Fact{"time", d.TimeText()})
}

// TimeText says how long a run takes, as well as that is known.
func (d *draft) TimeText() string {
	cores := "1 CPU core"
	if d.Machine.Cores > 1 {
		cores = fmt.Sprintf("%d CPU cores", d.Machine.Cores)
	}
	return fmt.Sprintf("about %d min on %s, an estimate", d.EstimatedMinutes(), cores)
}
