package stages

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
	"sslpipe/internal/transform"
)

// fullTraining is one fine-tuning of a whole network.
type fullTraining struct {
	config  *FinetuneConfig
	source  source
	data    *labelled
	session *tf.Session

	feeder  *feeder
	rate    rateFeed
	update  tf.Op
	fetches fetchList
	judge   *judge

	init       tf.Op
	finite     tf.Output
	all, model *tf.Saver
	transfer   *transfer
}

func trainFull(ctx context.Context, env *plan.Env, c *FinetuneConfig, data *labelled, s source) (artifact.ClassifierMeta, error) {
	var meta artifact.ClassifierMeta
	var transforms transform.Pipeline
	var err error
	if handles := env.Inputs["views"]; len(handles) > 0 {
		var views artifact.ViewsMeta
		if err := handles[0].Decode(&views); err != nil {
			return meta, err
		}
		if transforms, err = transformsOf(views); err != nil {
			return meta, err
		}
	}
	f, err := newFullTraining(env, c, data, s, transforms)
	if err != nil {
		return meta, err
	}
	defer func() { _ = f.session.Close() }()
	state, err := f.loop(env).Run(ctx)
	if err != nil {
		return meta, err
	}
	return f.export(env, state)
}

func newFullTraining(env *plan.Env, c *FinetuneConfig, data *labelled, s source, transforms transform.Pipeline) (*fullTraining, error) {
	f := &fullTraining{config: c, source: s, data: data}
	g := tf.NewGraph()
	seed := seedOf("finetune", env.Seed)
	net := nn.NewNet(g, seed)
	encoder, head := net.Branch(), net.Branch()
	classes := len(data.Meta.Classes)

	fed, images := s.network.input(g, "images", min(c.BatchSize, len(data.train)))
	labels := g.Placeholder("labels", tf.Int32, fed.Dim(0))
	var err error
	if f.feeder, err = newFeeder(g, data.Dataset, data.train, fed, transforms, 1, seed); err != nil {
		return nil, err
	}
	if err := f.feeder.withLabels(labels); err != nil {
		return nil, err
	}
	view := f.feeder.augment(g, images)[0]
	logits := head.Dense("head", s.network.features(encoder, view).Pooled, classes, nn.Normal(0.01))
	loss := g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
	if f.rate, err = newRateFeed(g, c.Optimizer); err != nil {
		return nil, err
	}
	model := slices.Concat(encoder.Variables(), head.Variables())
	f.update = f.rate.optimizer.Apply(net, loss, f.rate.fed, slices.Concat(encoder.Trainable(), head.Trainable())).Op
	f.fetches = newFetchList(loss, map[string]tf.Output{"accuracy": nn.Accuracy(g, logits, labels)})
	if f.judge, err = newJudge(g, func(x tf.Output) tf.Output {
		return head.Mode(false).Dense("head", s.network.features(encoder.Mode(false), x).Pooled, classes, nn.Normal(0.01))
	}, s.network, data); err != nil {
		return nil, err
	}
	f.finite = train.AllFinite(g, g.Variables())
	f.init, f.all, f.model = g.InitOp(), g.Saver(g.Variables()), g.Saver(model)
	if f.transfer, err = newTransfer(g, s, encoder.Variables(), c.FreshFrom, len(model)); err != nil {
		return nil, err
	}
	f.session, err = tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(env.Device)})
	return f, err
}

func (f *fullTraining) loop(env *plan.Env) *train.Loop {
	c := f.config
	return &train.Loop{
		Session: f.session, All: f.all, Model: f.model, Finite: f.finite,
		Dir: filepath.Join(env.Dir, "checkpoints"),
		Policy: train.UntilFlat{
			Warmup: c.Warmup, MinSteps: c.MinSteps, MaxSteps: c.MaxSteps, Patience: c.Patience, Decay: c.Decay,
		},
		Images: len(f.feeder.chosen),
		Init: func() error {
			if _, err := f.session.Run(nil, nil, f.init); err != nil {
				return fmt.Errorf("initialise variables: %w", err)
			}
			return f.transfer.run(f.session, env.Logf)
		},
		Step: func(step int, factor float64) (train.Values, error) {
			out, err := f.session.Run(f.rate.with(f.feeder.fill(step), factor), f.fetches.outputs, f.update)
			if err != nil {
				return nil, err
			}
			return f.fetches.values(out), nil
		},
		Validate:      func() (float64, error) { return f.judge.accuracy(f.session) },
		ValidateEvery: c.ValidateEvery,
		Report:        reporter(env), Logf: env.Logf, SaveEvery: env.CheckpointEvery,
	}
}

func (f *fullTraining) export(env *plan.Env, state train.State) (artifact.ClassifierMeta, error) {
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := f.model.Save(f.session, prefix); err != nil {
		return artifact.ClassifierMeta{}, fmt.Errorf("save classifier: %w", err)
	}
	err := exportClassifier(env, f.source.network, layerPooled, len(f.data.Meta.Classes), prefix)
	if err != nil {
		return artifact.ClassifierMeta{}, err
	}
	return artifact.ClassifierMeta{
		Layer: layerPooled, TrainSteps: state.Step, CutShort: state.DecayFrom >= f.config.MaxSteps, BestStep: state.BestStep, Validation: state.BestScore, Curve: curveOf(state),
	}, nil
}

func curveOf(state train.State) [][2]float64 {
	curve := make([][2]float64, len(state.Curve))
	for i, p := range state.Curve {
		curve[i] = [2]float64{float64(p.Step), p.Score}
	}
	return curve
}

// exportClassifier writes the SavedModel of a network with a linear head.
func exportClassifier(env *plan.Env, nw network, layer string, classes int, prefix string) error {
	g := tf.NewGraph()
	signatures := nw.inference(g, layer, classes)
	if err := tf.ExportSavedModel(filepath.Join(env.Dir, "out", ModelDir), g, signatures, prefix); err != nil {
		return fmt.Errorf("export classifier: %w", err)
	}
	return nil
}
