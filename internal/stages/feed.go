package stages

import (
	"fmt"
	"maps"
	"slices"

	"sslpipe/internal/dataset"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
	"sslpipe/internal/transform"
)

// feeder fills the training graph's placeholders: examples and, for each view, the
// random draws of its augmentation. The content follows from the step's number.
type feeder struct {
	data       *dataset.Dataset
	indices    []int // examples of data that are trained on
	transforms transform.Pipeline
	views      int
	seed       int64
	sampler    train.Sampler

	examples *tf.Tensor
	labels   *tf.Tensor // nil where the graph reads none
	draws    []*tf.Tensor
	fedIn    []tf.Output // draw placeholders, by view
	own      *tf.Tensor  // draws of the pretext tasks; nil where they need none
	feeds    map[tf.Output]*tf.Tensor
	chosen   []int
	next     []int // of a part of the next step's
}

// newFeeder adds the placeholders of the draws to g. Fed is the placeholder of
// the examples, in their form.
func newFeeder(g *tf.Graph, data *dataset.Dataset, indices []int, fed tf.Output, t transform.Pipeline, views int, seed int64) (*feeder, error) {
	batch := fed.Dim(0)
	f := &feeder{
		data: data, indices: indices, transforms: t, views: views, seed: seed,
		chosen: make([]int, batch), next: make([]int, batch),
		sampler: train.Sampler{Examples: len(indices), Batch: batch, Permutation: func(epoch int) []int {
			return dataset.Shuffled(len(indices), seed, epoch)
		}},
	}
	var err error
	if f.examples, err = formOf(data.Meta).alloc(batch); err != nil {
		return nil, fmt.Errorf("allocate a batch: %w", err)
	}
	f.feeds = map[tf.Output]*tf.Tensor{fed: f.examples}
	if t.Draws() == 0 {
		return f, nil
	}
	for v := range views {
		placeholder := g.Placeholder(fmt.Sprintf("draws_%d", v), tf.Float32, batch, t.Draws())
		tensor, err := tf.Alloc(tf.Float32, batch, t.Draws())
		if err != nil {
			return nil, fmt.Errorf("allocate draws: %w", err)
		}
		f.fedIn, f.draws = append(f.fedIn, placeholder), append(f.draws, tensor)
		f.feeds[placeholder] = tensor
	}
	return f, nil
}

// withLabels makes the feeder fill labels int32 [batch] too.
func (f *feeder) withLabels(fed tf.Output) error {
	var err error
	if f.labels, err = tf.Alloc(tf.Int32, fed.Dim(0)); err != nil {
		return fmt.Errorf("allocate label batch: %w", err)
	}
	f.feeds[fed] = f.labels
	return nil
}

// withDraws makes the feeder fill width more uniform numbers for each image, and
// returns a worker's part of their placeholder [batch, width].
func (f *feeder) withDraws(g *tf.Graph, width int) (tf.Output, error) {
	if width == 0 {
		return tf.Output{}, nil
	}
	var err error
	if f.own, err = tf.Alloc(tf.Float32, len(f.chosen), width); err != nil {
		return tf.Output{}, fmt.Errorf("allocate draws: %w", err)
	}
	fed := g.Placeholder("draws", tf.Float32, len(f.chosen), width)
	f.feeds[fed] = f.own
	return g.Share(fed), nil
}

// augment builds the views of images [N, H, W, C], uint8 or float32 in [0, 1], for
// training on device. On the CPU a view is one operation. A view of a text is the text.
func (f *feeder) augment(g *tf.Graph, images tf.Output, device string) []tf.Output {
	out := make([]tf.Output, f.views)
	if len(f.fedIn) == 0 || tf.Device(device) == tf.GPU {
		images = transform.Unit(g, images)
	}
	for v := range out {
		switch {
		case len(f.fedIn) == 0:
			out[v] = images
		case tf.Device(device) == tf.GPU:
			out[v] = f.transforms.Apply(g, images, g.Share(f.fedIn[v]))
		default:
			out[v] = f.transforms.ApplyFused(g, images, g.Share(f.fedIn[v]))
		}
	}
	return out
}

// fill loads the batch of a step and returns the feeds. The images of the next step
// are then on their way to memory.
func (f *feeder) fill(step int) (map[tf.Output]*tf.Tensor, error) {
	for _, span := range f.sampler.At(step) {
		chosen := f.chosen[span.Offset : span.Offset+len(span.Examples)]
		for i, e := range span.Examples {
			chosen[i] = f.indices[e]
		}
		for v, t := range f.draws {
			f.draw(t, span, v)
		}
		if f.own != nil {
			// A view of its own, so that the numbers are independent of the views'.
			f.draw(f.own, span, f.views)
		}
	}
	if err := f.data.Fill(f.examples.Bytes(), f.chosen); err != nil {
		return nil, err
	}
	if f.labels != nil {
		labels := f.labels.Int32s()
		for i, e := range f.chosen {
			labels[i] = f.data.Label(e)
		}
	}
	for _, span := range f.sampler.At(step + 1) {
		for i, e := range span.Examples {
			f.next[i] = f.indices[e]
		}
		f.data.Expect(f.next[:len(span.Examples)])
	}
	return f.feeds, nil
}

// draw fills a span's rows of t with the uniform numbers of a view.
func (f *feeder) draw(t *tf.Tensor, span train.Span, view int) {
	width := t.Dims()[1]
	chosen := f.chosen[span.Offset : span.Offset+len(span.Examples)]
	transform.Fill(t.Float32s()[span.Offset*width:(span.Offset+len(chosen))*width], width, f.seed, span.Epoch, view, chosen)
}

// rateFeed feeds the learning rate of each step.
type rateFeed struct {
	optimizer nn.Optimizer
	base      float64 // the rate at factor 1
	fed       tf.Output
	value     *tf.Tensor
}

func newRateFeed(g *tf.Graph, choice schema.Choice) (rateFeed, error) {
	value, err := tf.Alloc(tf.Float32)
	optimizer := choice.Config.(nn.Optimizer)
	return rateFeed{
		optimizer: optimizer,
		base:      optimizer.Rate(),
		fed:       g.Placeholder("learning_rate", tf.Float32),
		value:     value,
	}, err
}

// with sets the rate to factor times the base rate and adds it to feeds.
func (r rateFeed) with(feeds map[tf.Output]*tf.Tensor, factor float64) map[tf.Output]*tf.Tensor {
	r.value.Float32s()[0] = float32(factor * r.base)
	feeds[r.fed] = r.value
	return feeds
}

// fetchList are named scalars fetched together, the loss first; with several workers,
// their means over these.
type fetchList struct {
	names   []string
	outputs []tf.Output
}

func newFetchList(g *tf.Graph, loss tf.Output, monitors map[string]tf.Output) fetchList {
	f := fetchList{names: []string{"loss"}, outputs: []tf.Output{loss}}
	for _, name := range slices.Sorted(maps.Keys(monitors)) {
		f.names = append(f.names, name)
		f.outputs = append(f.outputs, monitors[name])
	}
	f.outputs = g.MeanOver(f.outputs)
	return f
}

func (f fetchList) values(fetched []*tf.Tensor) train.Values {
	values := train.Values{}
	for i, t := range fetched {
		values[f.names[i]] = t.Float()
	}
	return values
}

// reporter hands a loop's progress to the runner.
func reporter(env *plan.Env) func(train.Progress) {
	return func(p train.Progress) {
		env.Report(plan.Progress{Step: p.Step, Total: p.Total, Rate: p.Rate, Values: p.Values})
	}
}
