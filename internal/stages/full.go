package stages

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"

	"sslpipe/internal/artifact"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
	"sslpipe/internal/transform"
)

// fullTraining is the fine-tuning of a whole network.
type fullTraining struct {
	config  *FinetuneConfig
	source  source
	data    *labelled
	session *tf.Session

	feeder  *feeder
	rate    rateFeed
	pace    *pace
	update  tf.Op
	fetches fetchList
	judge   *judge

	flops      int64 // of a step
	extra      int   // steps that match the compute of a pre-training
	head       head
	init       tf.Op
	finite     tf.Output
	all, model *tf.Saver
	transfer   *transfer
}

func trainFull(ctx context.Context, env *plan.Env, c *FinetuneConfig, data *labelled, s source) (meta artifact.ClassifierMeta, err error) {
	var transforms transform.Pipeline
	if handles := env.Inputs["views"]; len(handles) > 0 {
		var views artifact.ViewsMeta
		if err := handles[0].Decode(&views); err != nil {
			return meta, err
		}
		if transforms, err = transformsOf(views); err != nil {
			return meta, err
		}
	}
	f, err := newFullTraining(ctx, env, c, data, s, transforms)
	if err != nil {
		return meta, err
	}
	defer func() { err = errors.Join(err, f.session.Close()) }()
	if err := f.match(env); err != nil {
		return meta, err
	}
	return f.chooseRate(ctx, env)
}

func newFullTraining(ctx context.Context, env *plan.Env, c *FinetuneConfig, data *labelled, s source, transforms transform.Pipeline) (*fullTraining, error) {
	f := &fullTraining{config: c, source: s, data: data, head: denseHead(len(data.Meta.Classes), nn.Normal(0.01))}
	g := tf.NewGraph()
	g.Replicate(workersOf(env))
	seed := seedOf("finetune", env.Seed)
	net := c.Cluster.spread(trainingNet(g, seed, env.Device, c.Precision))
	encoder, head := net.Branch(), net.Branch()

	fed := s.network.fed(g, "images", min(c.BatchSize, len(data.train)))
	labels := g.Placeholder("labels", tf.Int32, fed.Dim(0))
	var err error
	if f.feeder, err = newFeeder(g, data.Dataset, data.train, fed, transforms, 1, seed); err != nil {
		return nil, err
	}
	if err := f.feeder.withLabels(labels); err != nil {
		return nil, err
	}
	labels = g.Share(labels)
	features := s.network.features(encoder, f.feeder.augment(g, g.Share(fed), env.Device)[0])
	logits, _ := f.head.build(head, headRoot, features.Pooled)
	loss := g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
	if f.rate, err = newRateFeed(g, c.Optimizer); err != nil {
		return nil, err
	}
	if f.pace, err = newPace(net, encoder.Variables(), features.BlockNames, c.Full); err != nil {
		return nil, err
	}
	model := slices.Concat(encoder.Variables(), head.Variables())
	f.update = f.rate.optimizer.Apply(net, loss, f.rate.fed, slices.Concat(encoder.Trainable(), head.Trainable())).Op
	f.fetches = newFetchList(g, loss, map[string]tf.Output{"accuracy": nn.Accuracy(g, logits, labels)})
	if f.flops, err = g.FLOPs(); err != nil {
		return nil, err
	}
	if f.judge, err = newJudge(g, func(x tf.Output) tf.Output {
		logits, _ := f.head.build(head.Mode(false), headRoot, s.network.features(encoder.Mode(false), x).Pooled)
		return logits
	}, s.network, data); err != nil {
		return nil, err
	}
	f.finite = train.AllFinite(g, g.Variables())
	f.init, f.all, f.model = g.InitOp(), g.Saver(g.Variables()), g.Saver(model)
	if f.transfer, err = newTransfer(g, s, encoder.Variables(), c.FreshFrom, len(model)); err != nil {
		return nil, err
	}
	f.session, err = newSession(ctx, env, g, c.Threads)
	return f, err
}

// match works out how many steps the compute of a pre-training is worth.
func (f *fullTraining) match(env *plan.Env) error {
	handles := env.Inputs["match_compute"]
	if len(handles) == 0 {
		return nil
	}
	var encoder artifact.EncoderMeta
	if err := handles[0].Decode(&encoder); err != nil {
		return err
	}
	f.extra = int((encoder.FLOPs + f.flops - 1) / f.flops)
	env.Logf("%d steps are added, which are worth the pre-training of %s", f.extra, handles[0].Unit)
	return nil
}

// chooseRate trains once with each learning rate and keeps the weights that are
// best on validation images; on a tie those of the earlier rate.
func (f *fullTraining) chooseRate(ctx context.Context, env *plan.Env) (artifact.ClassifierMeta, error) {
	rates := f.config.LearningRates
	if len(rates) == 0 {
		rates = []float64{f.rate.base}
	}
	prefix := filepath.Join(env.Dir, "final", "weights")
	var best artifact.ClassifierMeta
	read := 0
	var losses train.Trace
	for i, rate := range rates {
		f.rate.base = rate
		state, err := f.loop(env, i, len(rates)).Run(ctx)
		if err != nil {
			return best, err
		}
		losses = append(losses, state.Losses...)
		read += state.Step * len(f.feeder.chosen)
		best.TrainFLOPs += int64(state.Step) * f.flops
		if i > 0 && state.BestScore <= best.Validation {
			continue
		}
		if err := f.model.Save(f.session, prefix); err != nil {
			return best, fmt.Errorf("save classifier: %w", err)
		}
		best.Rate, best.TrainSteps, best.BestStep = rate, state.Step, state.BestStep
		best.CutShort = state.DecayFrom >= f.policy().MaxSteps
		best.Validation, best.Curve = state.BestScore, curveOf(state)
	}
	best.Layer, best.ExtraSteps, best.TrainRead = layerPooled, f.extra, read
	best.TrainMixed = f.config.Precision == precisionMixed
	if len(rates) > 1 {
		best.Rates = rates
	}
	out := filepath.Join(env.Dir, "out")
	if err := exportClassifier(filepath.Join(out, ModelDir), f.source.network, layerPooled, f.head, prefix); err != nil {
		return best, fmt.Errorf("export classifier: %w", err)
	}
	if err := losses.WriteFile(filepath.Join(out, LossesFile)); err != nil {
		return best, fmt.Errorf("write losses: %w", err)
	}
	return best, nil
}

func (f *fullTraining) policy() train.UntilFlat {
	c := f.config
	return train.UntilFlat{
		Warmup: c.Warmup, MinSteps: c.MinSteps + f.extra, MaxSteps: c.MaxSteps + f.extra, Patience: c.Patience, Decay: c.Decay,
	}
}

// loop is the training with one of several learning rates.
func (f *fullTraining) loop(env *plan.Env, try, tries int) *train.Loop {
	report := reporter(env)
	if tries > 1 {
		report = func(p train.Progress) {
			env.Report(plan.Progress{
				Step: p.Step, Total: p.Total, Rate: p.Rate, Values: p.Values,
				Note: fmt.Sprintf("learning rate %d of %d", try+1, tries),
			})
		}
	}
	return &train.Loop{
		Session: f.session, All: f.all, Model: f.model, Finite: f.finite,
		Dir:    filepath.Join(env.Dir, "checkpoints", strconv.Itoa(try)),
		Policy: f.policy(),
		Images: len(f.feeder.chosen),
		Init: func() error {
			if _, err := f.session.Run(nil, nil, f.init); err != nil {
				return fmt.Errorf("initialise variables: %w", err)
			}
			return f.transfer.run(f.session, env.Logf)
		},
		Step: func(step int, factor float64) (train.Values, error) {
			feeds, err := f.feeder.fill(step)
			if err != nil {
				return nil, err
			}
			out, err := f.session.Run(f.pace.with(f.rate.with(feeds, factor), step), f.fetches.outputs, f.update)
			if err != nil {
				return nil, err
			}
			return f.fetches.values(out), nil
		},
		Validate:      func() (float64, error) { return f.judge.accuracy(f.session) },
		ValidateEvery: f.config.ValidateEvery,
		KeepLast:      tries > 1,
		Report:        report, Logf: env.Logf, SaveEvery: env.CheckpointEvery,
	}
}

func curveOf(state train.State) [][2]float64 {
	curve := make([][2]float64, len(state.Curve))
	for i, p := range state.Curve {
		curve[i] = [2]float64{float64(p.Step), p.Score}
	}
	return curve
}
