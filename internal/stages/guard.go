package stages

import (
	"fmt"
	"maps"
	"math"

	"sslpipe/internal/metrics"
	"sslpipe/internal/pretext"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
)

// GuardsConfig says when a pre-training is not worth going on with. It is looked
// at when an epoch ends.
type GuardsConfig struct {
	CollapseEpochs int     `hcl:"collapse_epochs,optional" min:"1" doc:"Epochs after which the embeddings are looked at; before, they may still be close to each other."`
	MinSpread      float64 `hcl:"min_spread,optional" min:"0" max:"1" doc:"Collapse: smallest spread of the embeddings, from 0 (all the same) to 1 (all over the sphere). 0 never stops."`
	MinRank        float64 `hcl:"min_rank,optional" min:"0" doc:"Collapse: smallest effective rank of the embeddings. 0 never stops."`
	ChanceEpochs   int     `hcl:"chance_epochs,optional" min:"0" doc:"Epochs after which a task's accuracy must be above that of guessing, by 4 standard errors. 0 never stops."`
	Solved         float64 `hcl:"solved,optional" min:"0" max:"1" doc:"Shortcut: accuracy over the first epoch from which a task is solved too easily. 0 never stops."`
}

var defaultGuards = GuardsConfig{CollapseEpochs: 2, MinSpread: 0.02, MinRank: 2, ChanceEpochs: 5, Solved: 0.98}

// The names of measured numbers.
const (
	valueSpread       = "spread"
	valueMinSpread    = "spread_min"
	valueRank         = "rank"
	valueAlignment    = "alignment"
	valueUniformity   = "uniformity"
	valueGradientNorm = "gradient_norm"
	valueAccuracy     = "accuracy"

	// Of tasks that predict tokens, over an epoch, of the validation split's texts, and
	// by the frequencies of tokens alone.
	valuePerplexity        = "perplexity"
	valueHeldOutAccuracy   = "validation_accuracy"
	valueHeldOutPerplexity = "validation_perplexity"
	valueGuessAccuracy     = "unigram_accuracy"
	valueGuessPerplexity   = "unigram_perplexity"
)

// inspection measures the embeddings of a batch, and the gradient's norm.
type inspection struct {
	tasks   *taskGraph
	session *tf.Session
	norm    tf.Output
	held    *heldOut // nil where nothing is held out
}

// measure looks at the weights with the batch of a step, without changing them.
func (in inspection) measure(step int) (train.Values, error) {
	fetches := []tf.Output{in.norm}
	for _, b := range in.tasks.builders {
		fetches = append(fetches, b.Embeddings()...)
	}
	feeds, err := in.tasks.fill(step)
	if err != nil {
		return nil, err
	}
	out, err := in.session.Run(feeds, fetches)
	if err != nil {
		return nil, err
	}
	values := train.Values{valueGradientNorm: out[0].Float()}
	out = out[1:]
	for i, b := range in.tasks.builders {
		n := len(b.Embeddings())
		maps.Copy(values, describeEmbeddings(in.tasks.prefix(i), out[:n]))
		out = out[n:]
		if b.Totals().Tokens.Valid() {
			values[in.tasks.prefix(i)+valueGuessAccuracy] = b.Guess().Accuracy
			values[in.tasks.prefix(i)+valueGuessPerplexity] = b.Guess().Perplexity
		}
	}
	if in.held == nil {
		return values, nil
	}
	held, err := in.held.measure(in.session)
	maps.Copy(values, held)
	return values, err
}

// derive adds what follows from the means over an epoch: the perplexity, which is not
// the mean of that of its steps.
func (t *taskGraph) derive(means train.Values) {
	for i, b := range t.builders {
		loss, share := means[t.prefix(i)+"loss"], 1.0
		if len(t.tasks) == 1 {
			share = t.tasks[i].Share()
		}
		if b.Totals().Tokens.Valid() && share > 0 {
			means[t.prefix(i)+valuePerplexity] = perplexity(loss / share)
		}
	}
}

// inspected is how many embeddings are looked at: the time for them grows with the cube
// of their number, and collapse shows in few.
const inspected = 256

// describeEmbeddings looks at embeddings that are spread evenly over the batch, of which
// tasks put those of a kind together.
func describeEmbeddings(prefix string, z []*tf.Tensor) train.Values {
	d := z[0].Dims()[1]
	few := make([][]float32, len(z))
	for i := range z {
		few[i] = evenRows(z[i].Float32s(), d, inspected)
	}
	e := metrics.DescribeEmbedding(few[0], d)
	values := train.Values{
		prefix + valueSpread: e.Spread, prefix + valueMinSpread: e.MinSpread,
		prefix + valueRank: e.Rank, prefix + valueUniformity: e.Uniformity,
	}
	if len(z) == 2 {
		values[prefix+valueAlignment] = metrics.Alignment(few[0], few[1], d)
	}
	return values
}

// evenRows returns at most so many rows of d numbers, at even distances.
func evenRows(z []float32, d, most int) []float32 {
	n := len(z) / d
	if n <= most {
		return z
	}
	few := make([]float32, 0, most*d)
	for i := range most {
		at := i * n / most * d
		few = append(few, z[at:at+d]...)
	}
	return few
}

// gate returns why a pre-training should not go on after an epoch; nil if it
// should. examples is how many of the tasks' examples an epoch has at least.
func (c GuardsConfig) gate(t *taskGraph, examples int, e train.Epoch) error {
	for i, b := range t.builders {
		if reason := c.gateTask(t.prefix(i), t.tasks[i], b, examples, e); reason != "" {
			return fmt.Errorf("%s: %s. Loosen the guards block of the stage if this is meant: the run then goes on from its last checkpoint", t.names[i], reason)
		}
	}
	return nil
}

func (c GuardsConfig) gateTask(prefix string, task pretext.Task, b *pretext.Builder, examples int, e train.Epoch) string {
	value := func(name string) float64 { return e.Values[prefix+name] }
	if norm := e.Values[valueGradientNorm]; math.IsNaN(norm) || math.IsInf(norm, 0) {
		return fmt.Sprintf("the gradient's norm is %v", norm)
	}
	judged := e.Epoch >= c.CollapseEpochs
	// Negated, so that NaN stops too.
	if spread := value(valueSpread); judged && !(spread >= c.MinSpread) {
		return fmt.Sprintf("the embeddings collapsed: their spread is %.3g (1 is all over the sphere, guards.min_spread is %v)", spread, c.MinSpread)
	}
	if rank := value(valueRank); judged && !(rank >= c.MinRank) {
		return fmt.Sprintf("the embeddings collapsed: their effective rank is %.3g (guards.min_rank is %v)", rank, c.MinRank)
	}
	if b.Chance() == 0 {
		return ""
	}
	accuracy := value(valueAccuracy)
	bound := b.Chance() + 4*math.Sqrt(b.Chance()*(1-b.Chance())/float64(examples))
	if c.ChanceEpochs > 0 && e.Epoch >= c.ChanceEpochs && accuracy < bound {
		return fmt.Sprintf("its accuracy over epoch %d is %.4g, not above the %.4g of guessing (guards.chance_epochs is %d)", e.Epoch, accuracy, b.Chance(), c.ChanceEpochs)
	}
	if labelled := task.Needs(b.Batch()).Labels; c.Solved > 0 && e.Epoch == 1 && !labelled && accuracy >= c.Solved {
		return fmt.Sprintf("its accuracy over the first epoch is %.4g: there is a shortcut that solves it without looking at content (guards.solved is %v)", accuracy, c.Solved)
	}
	return ""
}
