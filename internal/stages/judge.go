package stages

import (
	"fmt"

	"sslpipe/internal/dataset"
	"sslpipe/internal/tf"
)

// judge scores the current weights of a training session on validation images.
type judge struct {
	data      *labelled
	fed       tf.Output
	examples  *tf.Tensor
	predicted tf.Output
}

// judgeBatch bounds the images of one validation run.
const judgeBatch = 250

// newJudge adds the inference branch to the training graph: logits applies the
// classifier, in inference mode, to examples as network.features takes them.
func newJudge(g *tf.Graph, logits func(x tf.Output) tf.Output, nw network, data *labelled) (*judge, error) {
	j := &judge{data: data}
	batch := min(judgeBatch, len(data.validation))
	var x tf.Output
	j.fed, x = nw.placed(g, "validation_images", batch)
	j.predicted = g.ArgMax(logits(x), 1)
	var err error
	j.examples, err = nw.alloc(batch)
	return j, err
}

func (j *judge) accuracy(s *tf.Session) (float64, error) {
	right := 0
	err := inBatches(j.data.Dataset, j.data.validation, j.examples, func(chosen []int) error {
		out, err := s.Run(map[tf.Output]*tf.Tensor{j.fed: j.examples}, []tf.Output{j.predicted})
		if err != nil {
			return err
		}
		for i, p := range out[0].Int32s()[:len(chosen)] {
			if p == j.data.Label(chosen[i]) {
				right++
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("score validation examples: %w", err)
	}
	return float64(right) / float64(len(j.data.validation)), nil
}

// inBatches fills into, of the form of the data, with the chosen examples,
// batch after batch, and calls run with those that the batch holds. The last
// batch is filled up with repeats of its last example, which run must ignore.
func inBatches(data *dataset.Dataset, indices []int, into *tf.Tensor, run func(chosen []int) error) error {
	batch := into.Dims()[0]
	padded := make([]int, batch)
	for start := 0; start < len(indices); start += batch {
		chosen := indices[start:min(start+batch, len(indices))]
		copy(padded, chosen)
		for i := len(chosen); i < batch; i++ {
			padded[i] = chosen[len(chosen)-1]
		}
		if err := data.Fill(into.Bytes(), padded); err != nil {
			return err
		}
		after := indices[start+len(chosen):]
		data.Expect(after[:min(batch, len(after))])
		if err := run(chosen); err != nil {
			return err
		}
	}
	return nil
}
