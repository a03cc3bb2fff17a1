package starter

import "math"

// cost is an estimate of core seconds, by what they are spent on.
type cost struct{ prepare, pretrain, finetune, evaluate float64 }

func (c cost) sum() float64 { return c.prepare + c.pretrain + c.finetune + c.evaluate }

// What was measured on one core with AVX-512, for MobileNetV2 0.35 and images of
// measuredSide pixels.
const (
	trainRead   = 44.0 / measuredReads // forward and backward, one image
	forwardRead = 0.2e-3               // forward
	fullSteps   = 300                  // of fine-tuning, in the mean, before it has stopped by itself
	fullBatch   = 32
	fullLooks   = 8 // at the validation images
	fullStart   = 3.0
	linearRun   = 1.2 // seconds of a linear probe besides reading images
	pixelsRun   = 0.5
	fileRead    = 0.2e-3 // an image file
	decodePixel = 1.0 / 60e6
	readByte    = 1.0 / 400e6
	busy        = 0.85 // share of the cores' time that is used
)

// area is how much larger an image is than those that were measured, and how much
// slower the machine.
func (d *draft) area() float64 {
	side := float64(d.Side) / measuredSide
	return side * side * d.Machine.Slowness
}

// other estimates everything but the pre-training.
func (d *draft) other() cost {
	look := d.Survey.Look
	perFile := fileRead + float64(look.Width.Median*look.Height.Median)*decodePixel + float64(look.Bytes)*readByte
	c := cost{prepare: float64(d.Survey.Images()) * perFile * d.Machine.Slowness}
	if !d.Compares() {
		return c
	}
	runs := float64(d.Seeds * len(d.Labels))
	look1 := float64(d.ValidationImages()) * forwardRead * d.area()
	full := fullStart*d.Machine.Slowness + fullSteps*fullBatch*trainRead*d.area() + fullLooks*look1
	linear := linearRun*d.Machine.Slowness + 2*look1
	c.finetune = runs * (2*full + linear + pixelsRun*d.Machine.Slowness)
	c.evaluate = runs * 3 * float64(d.TestImages()) * forwardRead * d.area()
	return c
}

// setting is a size of the experiment besides the pre-training.
type setting struct{ side, labels, seeds int }

const (
	leastShare = 0.4 // of the time, for the pre-training
	fullSeeds  = 6
	fewSeeds   = 3
	mostSteps  = 800 // of fine-tuning, as in the pipelines that were measured
)

// chooseLength decides how large the experiment is, so that it takes the wanted
// time: the first setting that leaves enough of it for the pre-training.
func (d *draft) chooseLength() {
	d.MaxSteps, d.Seeds = mostSteps, 1
	settings := d.settings()
	available := float64(d.Minutes*60*d.cores()) * busy
	var spent cost
	for _, s := range settings {
		d.Side = s.side
		if d.Compares() {
			d.Seeds, d.Labels = s.seeds, d.Labels[len(d.Labels)-s.labels:]
		}
		if spent = d.other(); spent.sum()+d.wanted(available) <= available {
			break
		}
	}
	d.seconds = spent
	d.choosePretraining(max(available-spent.sum(), d.wanted(available)))
}

// wanted is the core seconds that the pre-training should have: a good share of
// all, unless there are too few images to spend it on.
func (d *draft) wanted(available float64) float64 {
	most := float64(mostEpochs*d.Available()*min(d.Seeds, fewSeeds)) * d.perRead()
	return min(leastShare*available, most)
}

// settings lists sizes of the experiment, from what the images deserve to what is
// still worth doing.
func (d *draft) settings() []setting {
	var all []setting
	budgets := max(1, len(d.Labels))
	for _, side := range d.sides() {
		all = append(all, setting{side, budgets, fullSeeds})
	}
	last := all[len(all)-1].side
	return append(all, setting{last, 1, fullSeeds}, setting{last, 1, fewSeeds})
}

// sizes are the sides of images that small networks are usually trained with.
var sizes = []int{96, 64, 48, 32}

// sides lists the sizes to try, the best first: the images' own where all have
// one that is small (but for a remainder, since networks halve it), and those
// below it.
func (d *draft) sides() []int {
	own := d.Survey.Look.Side
	small := own.Min == own.Max && own.Min <= sizes[0] && own.Min >= 24
	var sides []int
	if small {
		sides = append(sides, own.Min/4*4)
	}
	for _, size := range sizes {
		if small && size < sides[0] || !small && size <= own.Median {
			sides = append(sides, size)
		}
	}
	if len(sides) == 0 {
		sides = []int{sizes[len(sizes)-1]}
	}
	return sides
}

const (
	mostWall      = 0.7 // of the wanted time, for the pre-trainings by the clock
	fullBatchSize = 64
	leastBatch    = 16 // that every task can work with
	leastEpochs   = 2
	mostEpochs    = 100
	// goodSteps is how long the pre-trainings of docs/results.md were.
	goodSteps = 718
)

// choosePretraining divides core seconds between pre-trainings.
func (d *draft) choosePretraining(seconds float64) {
	perRead := d.perRead()
	for d.Batch = fullBatchSize; d.Batch > leastBatch && d.Available() < 4*d.Batch; d.Batch /= 2 {
	}
	d.Pretrainings = d.Seeds
	long := min(goodSteps*fullBatchSize, mostEpochs*d.Available())
	if d.Seeds > fewSeeds && seconds/perRead/float64(d.Seeds) < float64(long) {
		d.Pretrainings = fewSeeds
	}
	reads := min(seconds/float64(d.Pretrainings), mostWall*float64(d.Minutes*60)/float64(d.rounds())) / perRead
	d.Epochs = clamp(int(reads/float64(d.Available())), 1, mostEpochs)
	if d.Epochs < leastEpochs {
		d.Epochs = leastEpochs
		if limit := round2(int(reads) / leastEpochs); limit >= 2*d.Batch && limit < d.Available() {
			d.Unlabelled = limit
		}
	}
	d.seconds.pretrain = float64(d.Pretrainings*d.Epochs*d.Read()) * perRead
}

// perRead estimates the seconds that pre-training takes for one image.
func (d *draft) perRead() float64 { return d.Recipe.Seconds / measuredReads * d.area() }

// cores is how many cores there is work for at a time.
func (d *draft) cores() int {
	if !d.Compares() {
		return 1
	}
	return min(d.Machine.Cores, 2*fullSeeds)
}

// rounds is how many pre-trainings run one after another: each is on one core.
func (d *draft) rounds() int { return ceil(d.Pretrainings, d.Machine.Cores) }

// EstimatedMinutes is about how long the whole run takes: as long as its work
// takes on all cores, but no shorter than what has to wait for each other.
func (d *draft) EstimatedMinutes() int {
	all := d.seconds.sum() / busy / float64(d.cores())
	chain := d.seconds.prepare/float64(d.cores()) + d.seconds.pretrain*float64(d.rounds())/float64(d.Pretrainings)
	return max(1, int(math.Round(max(all, chain)/60)))
}

// Smaller is the size that the images' own size would ask for, where a smaller one
// was chosen to save time; otherwise 0.
func (d *draft) Smaller() int {
	if best := d.sides()[0]; best != d.Side {
		return best
	}
	return 0
}

// round2 rounds down to two digits.
func round2(n int) int {
	unit := 1
	for n/unit >= 100 {
		unit *= 10
	}
	return n / unit * unit
}
