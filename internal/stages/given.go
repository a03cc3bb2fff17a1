package stages

import (
	"fmt"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
)

// givenSource reads the weights of a SavedModel, or leaves the model as it is.
// Whoever made it: of the graph, the operations that compute the chosen output are
// copied, if tf.AttachHead knows them, into a model of ours, so neither its
// initialiser nor its restoring functions run. A graph can still loop without end,
// and ask for more memory than a machine has.
func givenSource(c *FinetuneConfig, data artifact.DatasetMeta, env *plan.Env) (source, error) {
	s := source{
		given: filepath.Base(c.Model.Path), copied: filepath.Join(env.Dir, "given", "weights"), network: network{form: formOf(data)},
	}
	if c.Backbone == nil {
		s.folder = c.Model.Path
		return s, nil
	}
	s.network = newNetwork(*c.Backbone, data)
	if p := c.Model.Pixels; len(p) == 2 {
		s.network.mean, s.network.std = sameInput(p[0], p[1], data.Shape[2])
	}
	var err error
	if s.values, err = tf.ModelVariables(c.Model.Path); err != nil {
		return s, fmt.Errorf("read the weights of the given model: %w", err)
	}
	return s, nil
}

// sameInput is the mean and deviation that make pixels from 0 to 1 run from
// black to white, as a given model wants them.
func sameInput(black, white float64, channels int) (mean, std []float64) {
	for range channels {
		mean = append(mean, -black/(white-black))
		std = append(std, 1/(white-black))
	}
	return mean, std
}

// attach writes the given model with a head, or with none, as a model of ours.
func (s source) attach(to string, c *FinetuneConfig, h *head) error {
	o := tf.HeadOptions{Output: c.Model.Output, Input: s.network.shape}
	if p := c.Model.Pixels; len(p) == 2 {
		o.Scale, o.Offset = []float32{float32((p[1] - p[0]) / 255)}, []float32{float32(p[0])}
	}
	if h != nil {
		o.Head = &tf.Head{Values: h.values, Build: func(g *tf.Graph, root string, features tf.Output) (logits, probabilities tf.Output) {
			return h.build(nn.NewNet(g, 0).Mode(false), root, features)
		}}
	}
	return tf.AttachHead(s.folder, to, o)
}
