package stages

import (
	"errors"
	"fmt"
	"path/filepath"

	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
)

// extractor computes the features of several layers at once, in inference mode.
type extractor struct {
	layers  []string
	flops   int64 // for each image
	batch   *tf.Tensor
	run     func() ([]*tf.Tensor, error)          // features of the images in batch
	weights func() (map[string]*tf.Tensor, error) // of our network, by name; none of a given model
	close   func() error
}

func newExtractor(env *plan.Env, c *FinetuneConfig, data *labelled, s source, layers []string) (*extractor, error) {
	batch, err := formOf(data.Meta).alloc(judgeBatch)
	if err != nil {
		return nil, err
	}
	e := &extractor{layers: layers, batch: batch}
	if s.asItIs() {
		return e, e.openModel(env, c, s)
	}
	return e, e.openNetwork(env, c, s)
}

// openNetwork builds our own network with the weights of its source.
func (e *extractor) openNetwork(env *plan.Env, c *FinetuneConfig, s source) error {
	g := tf.NewGraph()
	g.For(tf.Device(env.Device))
	net := nn.NewNet(g, seedOf("finetune", env.Seed)).Mode(false)
	fed, x := s.network.placed(g, "images", judgeBatch)
	outputs := s.network.layers(net, x, e.layers...)
	flops, err := g.FLOPs()
	if err != nil {
		return err
	}
	e.flops = flops / judgeBatch
	moved, err := newTransfer(g, s, net.Variables(), "", len(net.Variables()))
	if err != nil {
		return err
	}
	init := g.InitOp()
	session, err := tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(env.Device)})
	if err != nil {
		return err
	}
	e.weights = func() (map[string]*tf.Tensor, error) { return valuesOf(session, net.Variables()) }
	e.close = session.Close
	e.run = func() ([]*tf.Tensor, error) {
		return session.Run(map[tf.Output]*tf.Tensor{fed: e.batch}, outputs)
	}
	if _, err = session.Run(nil, nil, init); err == nil {
		err = moved.run(session, env.Logf)
	}
	if err != nil {
		return errors.Join(err, session.Close())
	}
	return nil
}

// valuesOf reads variables, by name.
func valuesOf(session *tf.Session, variables []*tf.Variable) (map[string]*tf.Tensor, error) {
	reads := make([]tf.Output, len(variables))
	for i, v := range variables {
		reads[i] = v.Read()
	}
	read, err := session.Run(nil, reads)
	if err != nil {
		return nil, fmt.Errorf("read weights: %w", err)
	}
	values := map[string]*tf.Tensor{}
	for i, v := range variables {
		values[v.Name] = read[i]
	}
	return values, nil
}

// openModel runs a given model as it is.
func (e *extractor) openModel(env *plan.Env, c *FinetuneConfig, s source) error {
	dir := filepath.Join(env.Dir, "given")
	if err := s.attach(dir, c, nil); err != nil {
		return err
	}
	model, err := tf.LoadModel(dir, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(env.Device)})
	if err != nil {
		return err
	}
	e.close = model.Close
	e.weights = func() (map[string]*tf.Tensor, error) { return nil, nil }
	images, err := s.network.serve(e.batch)
	if err != nil {
		return errors.Join(err, model.Close())
	}
	e.run = func() ([]*tf.Tensor, error) {
		out, err := model.Run("features", map[string]*tf.Tensor{s.network.input(): images()})
		if err != nil {
			return nil, err
		}
		return []*tf.Tensor{out["features"]}, nil
	}
	env.Logf("features of the model %s as it is", s.given)
	return nil
}

// features returns the features of the examples, one set for each layer. Each
// image passes through the encoder once.
func (e *extractor) features(data *labelled, indices []int) ([]train.Examples, error) {
	sets := make([]train.Examples, len(e.layers))
	err := inBatches(data.Dataset, indices, e.batch, func(chosen []int) error {
		out, err := e.run()
		if err != nil {
			return err
		}
		for i, t := range out {
			sets[i].X = append(sets[i].X, t.Float32s()[:len(chosen)*t.Dims()[1]]...)
			for _, example := range chosen {
				sets[i].Y = append(sets[i].Y, data.Label(example))
			}
		}
		return nil
	})
	return sets, err
}
