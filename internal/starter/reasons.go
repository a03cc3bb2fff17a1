package starter

import (
	"fmt"
	"math"
	"strings"

	"sslpipe/internal/dataset"
)

// Title is the name of the images, fit for a comment.
func (d *draft) Title() string { return printable(d.Name) }

// Commands are what to type, in a column, with what each does.
func (d *draft) Commands() string {
	file := printable(d.File)
	var lines []string
	for _, c := range [][2]string{
		{"plan", "what would run"},
		{"preview", "what the encoder is shown, as a picture"},
		{"run", d.TimeText()},
	} {
		lines = append(lines, fmt.Sprintf("#   %-*s   %s", len("sslpipe preview ")+len([]rune(file)), "sslpipe "+c[0]+" "+file, c[1]))
	}
	return strings.Join(lines, "\n")
}

// SeedsWhy explains the numbers of repetitions.
func (d *draft) SeedsWhy() string {
	if d.Pretrainings == d.Seeds {
		return fmt.Sprintf("Each repetition has a pre-training of its own. With %d of them, p cannot fall below %.2g.", d.Seeds, leastP(d.Seeds))
	}
	return fmt.Sprintf("So that each pre-training can be longer, %d label draws share %d of them. With %d, p cannot fall below %.2g: go by the intervals, or raise pretrainings to seeds before making a claim.",
		d.Seeds, d.Pretrainings, d.Pretrainings, leastP(d.Pretrainings))
}

// leastP is the smallest p of a two-sided sign-flip test.
func leastP(clusters int) float64 { return 2 / math.Pow(2, float64(clusters)) }

// LabelsWhy explains the label budgets.
func (d *draft) LabelsWhy() string {
	pool := d.smallest().Train - d.Test - d.Validation
	text := fmt.Sprintf("The smallest class has %s left to draw labels from", images(pool))
	if d.Test+d.Validation > 0 {
		text += " after what is held out"
	}
	text += ": a budget can be that large."
	switch {
	case len(d.Labels) > 1:
		text += " Two budgets tell whether the gain shrinks as labels are added."
	case len(budgets(pool, len(d.Kept))) > 1:
		text += fmt.Sprintf(" A second one would not fit into %d minutes.", d.Minutes)
	}
	return text
}

// EpochsWhy explains how long the pre-training is.
func (d *draft) EpochsWhy() string {
	text := fmt.Sprintf("An epoch over %s takes %s on one core of this machine, by a rough estimate", images(d.Read()), duration(float64(d.Read())*d.perRead()))
	switch {
	case d.Unlabelled > 0:
		return text + fmt.Sprintf(". All %s would not fit into %d minutes twice, hence the limit.", count(d.Available()), d.Minutes)
	case d.Epochs == mostEpochs:
		return text + "; more epochs than this were not tried."
	}
	return text + fmt.Sprintf("; as many epochs as fit into %d minutes. Longer is usually better.", d.Minutes)
}

// duration writes seconds roughly.
func duration(seconds float64) string {
	switch {
	case seconds < 1:
		return "less than a second"
	case seconds < 90:
		return fmt.Sprintf("about %.0f s", seconds)
	}
	return fmt.Sprintf("about %.0f min", seconds/60)
}

// SizeWhy explains the image size.
func (d *draft) SizeWhy() string {
	look := d.Survey.Look
	own := "The images are"
	if look.Side.Min != look.Side.Max || look.Longer.Max > 100 {
		own = "Of the median image, the central square is"
	}
	if !look.All {
		own += ", as far as was looked,"
	}
	own = fmt.Sprintf("%s %d pixels wide", own, look.Side.Median)
	switch {
	case d.Smaller() > 0:
		return fmt.Sprintf("%s. %d would keep more detail, but takes %.1f times as long by estimate, which does not fit into %d minutes.",
			own, d.Smaller(), math.Pow(float64(d.Smaller())/float64(d.Side), 2), d.Minutes)
	case look.Side.Median-d.Side < 4 && look.Side.Median >= d.Side && look.Side.Min == look.Side.Max:
		return ""
	case look.Side.Median < d.Side:
		return own + ", and are enlarged: the network wants some pixels to work on."
	}
	return own + "; larger ones than these cost time, and small networks gain little."
}

// SplitWhy explains what is held out.
func (d *draft) SplitWhy() string {
	if !d.Compares() {
		return ""
	}
	official := d.total(func(c dataset.Class) int { return c.Test })
	text := ""
	switch {
	case d.Test == 0:
		text = "The data has test images of its own."
	case official == 0:
		text = fmt.Sprintf("There are no test images, so %d of each class's are held out.", d.Test)
	default:
		text = fmt.Sprintf("%s to test are few, so %d of each class's training images join them.", images(official), d.Test)
	}
	if d.Validation == 0 {
		return text + " So are its validation images."
	}
	return text + fmt.Sprintf(" %d of each class choose when training stops.", d.Validation)
}

// DroppedWhy explains the selection of classes.
func (d *draft) DroppedWhy() string {
	if len(d.Dropped) == 0 {
		return ""
	}
	return "The classes with enough images. Those of the others are pre-trained on."
}

// ViewsWhy explains the augmentation.
func (d *draft) ViewsWhy() string {
	text, where := "What the encoder sees while it is pre-trained: random crops", "here"
	if d.Compares() {
		where = "here and below"
	}
	if d.Recipe.Strong {
		text += " in changed colours"
	}
	if d.Oriented != "" {
		return text + ". " + d.Oriented + " If they may be mirrored, add flip {} " + where + "."
	}
	return text + ", mirrored half the time. Delete flip {} " + where + " if that changes what an image means, as with text, digits, or left and right."
}

// TaskWhy explains the pretext task.
func (d *draft) TaskWhy() string {
	switch {
	case d.Pretext == "rotation":
		return "Telling by how much an image is turned, for which objects have to be known. It needs images with an up and a down; for cells, textures or views from above take pretext \"simclr\" {}."
	case d.Oriented != "" && d.Pretext == "simclr":
		return "Finding two crops of one image among those of others. It does not care what is up, unlike rotation, to which a turned digit may be another digit."
	}
	return fmt.Sprintf("sslpipe describe pretext %s explains the task and its settings.", d.Pretext)
}

// Padding is how far labelled images are shifted: a fourteenth of their side, as
// 2 of 28 pixels.
func (d *draft) Padding() int { return max(1, d.Side/14) }

// TestWhy says how much the test images can tell.
func (d *draft) TestWhy() string {
	return fmt.Sprintf("%s to test: the accuracy of one run is known to ±%.1f points at best (95 %% interval at 50 %%).", images(d.TestImages()), halfWidth(d.TestImages()))
}

// AloneWhy says why nothing is compared.
func (d *draft) AloneWhy() string {
	why := "The images have no labels"
	if len(d.Survey.Classes) == 1 {
		why = fmt.Sprintf("The images are of one class, %s", printable(d.Survey.Classes[0].Name))
	}
	return why + ", and whether pre-training helps can only be told by a classifier, of two classes at least. With a folder of images for each class beside them (some of each, and the rest in unlabelled/), \"sslpipe init\" writes the comparison. Until then this makes an encoder, as a SavedModel."
}
