package stages

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
)

func runFinetune(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*FinetuneConfig)
	data, err := openLabelled(env)
	if err != nil {
		return nil, err
	}
	defer func() { _ = data.Close() }()
	source, err := sourceOf(c, data.Meta, env)
	if err != nil {
		return nil, err
	}
	var meta artifact.ClassifierMeta
	if c.Mode == modeFull {
		meta, err = trainFull(ctx, env, c, data, source)
	} else {
		meta, err = fitProbe(env, c, data, source)
	}
	if err != nil {
		return nil, err
	}
	if err := data.addTokenizer(filepath.Join(env.Dir, "out", ModelDir)); err != nil {
		return nil, err
	}
	if meta.EncoderMeta, err = source.describe(); err != nil {
		return nil, err
	}
	meta.Mode, meta.Classes = c.Mode, data.Meta.Classes
	meta.LabelsPerClass, meta.LabelsPermille = data.perClass(), env.Unit.Coord[coordPermille]
	meta.Init, meta.Given = source.init(), source.given
	meta.TrainImages, meta.ValidationImages, meta.Draw = len(data.train), len(data.validation), data.draw()
	meta.Data = append(meta.Data, data.use("training", data.split), data.use("validation", splitValidation))
	return map[string]artifact.Output{"classifier": {
		Type: artifact.TypeClassifier, Meta: meta, Scores: map[string]float64{"validation accuracy": meta.Validation},
	}}, nil
}

// source is where a classifier's encoder comes from: a network, and its weights
// unless they are random.
type source struct {
	network network
	handle  *artifact.Handle // the stored encoder with the weights, or nil
	meta    artifact.EncoderMeta
	// given names the SavedModel that the weights come from. Either they are in
	// values, by the names of the network's variables, and pass through a
	// checkpoint called copied; or the model in folder stands for the network.
	given  string
	values map[string]*tf.Tensor
	copied string
	folder string
}

func sourceOf(c *FinetuneConfig, data artifact.DatasetMeta, env *plan.Env) (source, error) {
	switch {
	case c.Mode == modePixels:
		return source{network: network{form: formOf(data)}}, nil
	case c.Model != nil:
		return givenSource(c, data, env)
	case c.Backbone != nil:
		return source{network: newNetwork(*c.Backbone, data)}, nil
	}
	handle := env.Inputs["init"][0]
	s := source{handle: &handle}
	if err := handle.Decode(&s.meta); err != nil {
		return s, err
	}
	var err error
	if s.network, err = networkOf(s.meta); err != nil {
		return s, err
	}
	if !s.network.same(formOf(data)) {
		return s, fmt.Errorf("the encoder of %s reads %v, but the data has %v", handle.Unit, s.network.form, formOf(data))
	}
	return s, nil
}

// asItIs tells whether a given model stands for the network.
func (s source) asItIs() bool { return s.folder != "" }

// init identifies the pre-training that a classifier started from, by the digest
// of its result: runs that share one are not independent. A given model is not a
// sample of anything: what is said holds for this model.
func (s source) init() string {
	if s.handle == nil {
		return ""
	}
	return s.handle.Digest
}

// describe is the encoder's description, with its history where it has one.
func (s source) describe() (artifact.EncoderMeta, error) {
	switch {
	case s.handle != nil:
		return s.meta, nil
	case s.network.backbone.Config == nil:
		return artifact.EncoderMeta{InputShape: s.network.shape, Text: s.network.text}, nil
	}
	meta, err := s.network.meta()
	if s.given != "" {
		meta.Pretext = "the given model " + strings.TrimSuffix(s.given, "/")
	}
	return meta, err
}
