package stages

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

// taskGraph is the part of a graph in which pretext tasks read a step: images,
// views, draws, labels and the clock, and the builder of each task.
type taskGraph struct {
	g        *tf.Graph
	net      *nn.Net // the encoder's and the heads' are branches of it
	encoder  *nn.Net
	feeder   *feeder
	names    []string
	tasks    []pretext.Task
	builders []*pretext.Builder

	steps          int // of the whole training
	step, progress *tf.Tensor
}

// newTaskGraph makes the inputs of the tasks for batches of batch images, to be
// trained on device by a team.
// Nothing of the tasks themselves is built yet.
func newTaskGraph(choices []schema.Choice, nw network, v *views, batch, steps int, seed int64, device string, by team) (*taskGraph, error) {
	g := tf.NewGraph()
	g.Replicate(by.workers)
	net := by.cluster.spread(trainingNet(g, seed, device, by.precision))
	t := &taskGraph{g: g, net: net, encoder: net.Branch(), steps: steps}
	size := v.seen()
	share := batch / g.Replicas()
	needs, widths := t.need(choices, stepOf(nw.backbone, share, [3]int{size.H, size.W, nw.shape[2]}, nw.vocabulary()))
	in, err := t.inputs(needs, nw, v, batch, seed, device)
	if err != nil {
		return nil, err
	}
	at := 0
	for _, width := range widths {
		mine := in
		if width > 0 {
			mine.Draws = g.Slice(in.Draws, []int{0, at}, []int{share, width})
			at += width
		}
		t.builders = append(t.builders, pretext.NewBuilder(mine, t.encoder, net.Branch(), nw.pretexts()))
	}
	return t, nil
}

// stepOf is what a backbone's tasks see of a step of n images, or texts, of a shape.
func stepOf(choice schema.Choice, n int, shape [3]int, vocabulary int) pretext.Batch {
	network := choice.Config.(backbone.Backbone)
	return pretext.Batch{
		N: n, H: shape[0], W: shape[1], C: shape[2], Vocabulary: vocabulary,
		Patch: pretext.PatchSize(network), Causal: pretext.Causal(network),
	}
}

// inputs makes what all tasks read together.
func (t *taskGraph) inputs(needs pretext.Needs, nw network, v *views, batch int, seed int64, device string) (pretext.Inputs, error) {
	in := pretext.Inputs{Classes: v.Meta.Classes, Mean: nw.mean, Std: nw.std, Vocabulary: nw.vocabulary()}
	var err error
	if in.Tokenizer, err = v.tokenizer(); err != nil {
		return in, err
	}
	if in.Counts, err = v.tokenCounts(); err != nil {
		return in, err
	}
	fed := nw.fed(t.g, "images", batch)
	if t.feeder, err = newFeeder(t.g, v.Dataset, v.indices, fed, v.transforms, needs.Views, seed); err != nil {
		return in, err
	}
	in.Views = t.feeder.augment(t.g, v.shrunk(t.g, t.g.Share(fed)), device)
	if in.Draws, err = t.feeder.withDraws(t.g, needs.Draws); err != nil {
		return in, err
	}
	if needs.Labels {
		if err := v.everyLabel(); err != nil {
			return in, err
		}
		labels := t.g.Placeholder("labels", tf.Int32, batch)
		if err := t.feeder.withLabels(labels); err != nil {
			return in, err
		}
		in.Labels = t.g.Share(labels)
	}
	return in, t.clock(&in)
}

// need gathers what all tasks need together: they share the views, and have
// draws of their own.
func (t *taskGraph) need(choices []schema.Choice, size pretext.Batch) (all pretext.Needs, draws []int) {
	for _, choice := range choices {
		task := choice.Config.(pretext.Task)
		t.names, t.tasks = append(t.names, choice.Name), append(t.tasks, task)
		needs := task.Needs(size)
		all.Views = max(all.Views, needs.Views)
		all.Draws += needs.Draws
		all.Labels = all.Labels || needs.Labels
		draws = append(draws, needs.Draws)
	}
	return all, draws
}

// clock adds the number of the step and the share of the training that is past.
func (t *taskGraph) clock(in *pretext.Inputs) error {
	var err error
	if t.step, err = tf.Alloc(tf.Int64); err != nil {
		return err
	}
	if t.progress, err = tf.Alloc(tf.Float32); err != nil {
		return err
	}
	in.Step, in.Progress = t.g.Placeholder("step", tf.Int64), t.g.Placeholder("progress", tf.Float32)
	t.feeder.feeds[in.Step], t.feeder.feeds[in.Progress] = t.step, t.progress
	return nil
}

// fill loads a step and returns the feeds.
func (t *taskGraph) fill(step int) (map[tf.Output]*tf.Tensor, error) {
	t.step.Int64s()[0] = int64(step)
	t.progress.Float32s()[0] = float32(float64(step) / float64(t.steps))
	return t.feeder.fill(step)
}

// loss builds the weighted sum of the tasks' losses.
func (t *taskGraph) loss() tf.Output {
	losses := make([]tf.Output, len(t.tasks))
	for i, task := range t.tasks {
		losses[i] = task.Loss(t.builders[i])
		if len(t.tasks) > 1 {
			t.builders[i].Monitor("loss", losses[i])
		}
		if share := task.Share(); share != 1 {
			losses[i] = t.g.Mul(losses[i], t.g.Scalar(share))
		}
	}
	return t.g.AddN(losses)
}

// prefix is put before the names of a task's numbers where there are several.
func (t *taskGraph) prefix(i int) string {
	if len(t.tasks) == 1 {
		return ""
	}
	return t.names[i] + "."
}

// monitors are the numbers that the tasks publish.
func (t *taskGraph) monitors() map[string]tf.Output {
	all := map[string]tf.Output{}
	for i, b := range t.builders {
		for _, name := range slices.Sorted(maps.Keys(b.Monitors())) {
			all[t.prefix(i)+name] = b.Monitors()[name]
		}
	}
	return all
}

// trainable are the variables of the encoder and of the heads.
func (t *taskGraph) trainable() []*tf.Variable {
	all := slices.Concat(t.encoder.Trainable(), t.net.Trainable())
	for _, b := range t.builders {
		all = append(all, b.Head.Trainable()...)
	}
	return all
}

// kept are the variables that the encoder is exported with: its own, and those of the
// heads of Predictors.
func (t *taskGraph) kept() []*tf.Variable {
	all := t.encoder.Variables()
	for i, b := range t.builders {
		if _, ok := t.tasks[i].(pretext.Predictor); ok {
			all = append(all, b.Head.Variables()...)
		}
	}
	return all
}

// predictors are the tasks whose heads are exported.
func (t *taskGraph) predictors() []pretext.Predictor {
	var list []pretext.Predictor
	for _, task := range t.tasks {
		if p, ok := task.(pretext.Predictor); ok {
			list = append(list, p)
		}
	}
	return list
}

// title names the tasks: "simclr + rotation".
func (t *taskGraph) title() string { return strings.Join(t.names, " + ") }

// everyLabel refuses images without a label.
func (v *views) everyLabel() error {
	missing := 0
	for _, example := range v.indices {
		if label := v.Label(example); label < 0 || int(label) >= len(v.Meta.Classes) {
			missing++
		}
	}
	if missing > 0 {
		return fmt.Errorf("supervised pre-training needs a label for every image, and %d of %d in the %s split have none; use views of the train split", missing, len(v.indices), v.split)
	}
	return nil
}
