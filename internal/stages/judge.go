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
	images    *tf.Tensor
	predicted tf.Output
}

// judgeBatch bounds the images of one validation run.
const judgeBatch = 250

// newJudge adds the inference branch to the training graph: logits applies the
// classifier, in inference mode, to images in [0, 1].
func newJudge(g *tf.Graph, logits func(x tf.Output) tf.Output, nw network, data *labelled) (*judge, error) {
	j := &judge{data: data}
	var images tf.Output
	j.fed, images = nw.input(g, "validation_images", min(judgeBatch, len(data.validation)))
	j.predicted = g.ArgMax(logits(images), 1)
	var err error
	j.images, err = tf.Alloc(tf.Uint8, j.fed.Dim(0), nw.shape[0], nw.shape[1], nw.shape[2])
	return j, err
}

func (j *judge) accuracy(s *tf.Session) (float64, error) {
	right := 0
	err := inBatches(j.data.Dataset, j.data.validation, j.images, func(chosen []int) error {
		out, err := s.Run(map[tf.Output]*tf.Tensor{j.fed: j.images}, []tf.Output{j.predicted})
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
		return 0, fmt.Errorf("score validation images: %w", err)
	}
	return float64(right) / float64(len(j.data.validation)), nil
}

// inBatches fills images (uint8 [batch, H, W, C]) with the chosen examples,
// batch after batch, and calls run with those that the batch holds. The last
// batch is filled up with repeats of its last example, which run must ignore.
func inBatches(data *dataset.Dataset, indices []int, images *tf.Tensor, run func(chosen []int) error) error {
	batch := images.Dims()[0]
	padded := make([]int, batch)
	for start := 0; start < len(indices); start += batch {
		chosen := indices[start:min(start+batch, len(indices))]
		copy(padded, chosen)
		for i := len(chosen); i < batch; i++ {
			padded[i] = chosen[len(chosen)-1]
		}
		if err := data.Fill(images.Uint8s(), padded); err != nil {
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
