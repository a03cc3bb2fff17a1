package stages

import (
	"fmt"
	"strconv"

	"sslpipe/internal/artifact"
	"sslpipe/internal/pretext"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

// Preview shows what the tasks of a pretrain stage show the encoder in the first step of
// a seed: a PNG file with a row for each of some images of the split, or a text file
// with some of its texts, and what the tasks make of them. Nothing is trained.
func Preview(path string, c *PretrainConfig, views artifact.Handle, examples int, seed int64) error {
	v, err := openViews(views)
	if err != nil {
		return err
	}
	defer func() { _ = v.Close() }()
	n := min(examples, len(v.indices))
	v.indices = spread(v.indices, n)
	t, err := newTaskGraph(c.Pretexts, newNetwork(c.Backbone, v.Meta), v, n, 1, seedOf("pretrain", seed), "cpu", team{})
	if err != nil {
		return err
	}
	t.feeder.sampler.Permutation = inOrder(n)
	if v.Meta.Text != nil {
		return t.writePassages(path, v, n)
	}
	columns, err := t.draw(n)
	if err != nil {
		return fmt.Errorf("draw preview: %w", err)
	}
	return writeSheet(path, columns, v.Meta.Shape[2])
}

// draw computes the pictures of all tasks, behind the originals.
func (t *taskGraph) draw(n int) ([]transform.Column, error) {
	var pictures []pretext.Picture
	for i, task := range t.tasks {
		drawn, ok := task.(pretext.Drawn)
		if !ok {
			return nil, fmt.Errorf("%s has no pictures", t.names[i])
		}
		of := drawn.Pictures(t.builders[i])
		for j := range of {
			of[j].Title = t.prefix(i) + of[j].Title
		}
		pictures = append(pictures, of...)
	}
	var fetches []tf.Output
	for _, p := range pictures {
		fetches = append(fetches, bytesOf(t.g, p.Images))
		if p.Labels.Valid() {
			fetches = append(fetches, t.g.Identity(p.Labels))
		}
	}
	out, err := t.glance(fetches)
	if err != nil {
		return nil, err
	}
	original := t.feeder.examples
	columns := []transform.Column{columnOf(original.Uint8s(), [3]int(original.Dims()[1:]), n)}
	columns[0].Title = "source"
	for _, p := range pictures {
		column := columnOf(out[0].Uint8s(), [3]int(out[0].Dims()[1:]), n)
		column.Title, out = p.Title, out[1:]
		if p.Labels.Valid() {
			column.Captions, out = captions(out[0].Int32s(), p.Names), out[1:]
		}
		columns = append(columns, column)
	}
	return columns, nil
}

// glance computes fetches of the first step with first weights, on the CPU, which the
// graph is built for.
func (t *taskGraph) glance(fetches []tf.Output) ([]*tf.Tensor, error) {
	init := t.g.InitOp()
	session, err := tf.NewSession(t.g, tf.SessionOptions{Threads: 1})
	if err != nil {
		return nil, err
	}
	defer func() { _ = session.Close() }()
	if _, err := session.Run(nil, nil, init); err != nil {
		return nil, err
	}
	feeds, err := t.fill(0)
	if err != nil {
		return nil, err
	}
	return session.Run(feeds, fetches)
}

// captions are the names of labels, or their numbers.
func captions(labels []int32, names []string) []string {
	texts := make([]string, len(labels))
	for i, label := range labels {
		texts[i] = strconv.Itoa(int(label))
		if int(label) < len(names) {
			texts[i] = names[label]
		}
	}
	return texts
}
