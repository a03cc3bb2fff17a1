package stages

import (
	"fmt"
	"math"

	"sslpipe/internal/dataset"
	"sslpipe/internal/pretext"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
	"sslpipe/internal/transform"
)

// heldOut measures tasks that predict tokens on texts that are not trained on: those of
// the validation split. What the tasks draw is the same in every epoch and every stage,
// so that numbers can be compared.
type heldOut struct {
	data    *dataset.Dataset
	indices []int
	texts   *tf.Tensor
	feeds   map[tf.Output]*tf.Tensor
	draws   []*tf.Tensor
	names   []string // prefixes of the tasks' numbers
	fetches []tf.Output
}

// What is measured of the split: so many texts at most, in so many runs.
const heldOutTexts, heldOutBatch = 500, 100

// newHeldOut adds what measures the tasks to their graph. It is nil where there is
// nothing to measure, or nothing to measure on.
func newHeldOut(t *taskGraph, nw network, v *views) (*heldOut, error) {
	if nw.text == nil || v.Meta.Splits[dataset.Validation] == 0 || v.split == dataset.Validation {
		return nil, nil
	}
	indices, err := v.Split(dataset.Validation)
	if err != nil {
		return nil, err
	}
	n := min(heldOutTexts, len(indices))
	batch := n / ((n + heldOutBatch - 1) / heldOutBatch)
	h := &heldOut{data: v.Dataset, indices: spread(indices, n/batch*batch), feeds: map[tf.Output]*tf.Tensor{}}
	fed := nw.fed(t.g, "validation_texts", batch)
	if h.texts, err = nw.alloc(batch); err != nil {
		return nil, err
	}
	h.feeds[fed] = h.texts
	for i, b := range t.builders {
		if !b.Totals().Tokens.Valid() {
			continue
		}
		if err := h.add(t, i, nw, fed); err != nil {
			return nil, err
		}
	}
	if len(h.names) == 0 {
		return nil, nil
	}
	return h, nil
}

// add builds a task once more, in inference mode.
func (h *heldOut) add(t *taskGraph, i int, nw network, fed tf.Output) error {
	task, b := t.tasks[i], t.builders[i]
	in := b.Inputs
	in.Views = []tf.Output{fed}
	if in.Draws.Valid() {
		width := in.Draws.Dim(1)
		in.Draws = t.g.Placeholder(fmt.Sprintf("validation_draws_%d", i), tf.Float32, fed.Dim(0), width)
		draws, err := tf.Alloc(tf.Float32, fed.Dim(0), width)
		if err != nil {
			return err
		}
		h.feeds[in.Draws], h.draws = draws, append(h.draws, draws)
	}
	again := pretext.NewBuilder(in, t.encoder.Mode(false), b.Head.Mode(false), nw.pretexts())
	task.Loss(again)
	totals := again.Totals()
	h.names = append(h.names, t.prefix(i))
	h.fetches = append(h.fetches, totals.Tokens, totals.Loss, totals.Right)
	return t.g.Err()
}

// measure scores the current weights.
func (h *heldOut) measure(s *tf.Session) (train.Values, error) {
	sums := make([]float64, len(h.fetches))
	err := inBatches(h.data, h.indices, h.texts, func(chosen []int) error {
		for _, t := range h.draws {
			transform.Fill(t.Float32s(), t.Dims()[1], 0, 0, 0, chosen)
		}
		out, err := s.Run(h.feeds, h.fetches)
		for i, t := range out {
			sums[i] += t.Float()
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("measure on validation texts: %w", err)
	}
	values := train.Values{}
	for i, prefix := range h.names {
		tokens, loss := max(sums[3*i], 1), sums[3*i+1]
		values[prefix+valueHeldOutAccuracy] = sums[3*i+2] / tokens
		values[prefix+valueHeldOutPerplexity] = perplexity(loss / tokens)
	}
	return values, nil
}

// perplexity is the number of tokens that are as hard to choose from as a mean
// cross-entropy says.
func perplexity(loss float64) float64 { return math.Exp(min(loss, 700)) }
