package stages

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/train"
)

var pretrain = plan.Kind{
	Name:    "pretrain",
	Doc:     "Trains an encoder on unlabelled images with a pretext task.",
	Version: 1,
	New: func() any {
		return &PretrainConfig{
			Epochs: 20, BatchSize: 64, Threads: 1,
			Backbone:  defaultChoice(backbone.Kinds, "mobilenet_v2"),
			Optimizer: defaultChoice(nn.Optimizers, "adamw"),
			Schedule:  defaultChoice(nn.Schedules, "cosine"),
		}
	},
	Families: map[string]schema.Family{
		"backbone": backbone.Kinds, "pretext": pretext.Kinds, "optimizer": nn.Optimizers, "schedule": nn.Schedules,
	},
	Outputs: []plan.Output{
		{Name: "encoder", Type: artifact.TypeEncoder, Doc: "The trained encoder, as a SavedModel."},
	},
	Expand: func(cfg any, p plan.Pipeline) []plan.Coord { return seedCoords(cfg.(*PretrainConfig).Seeds, p) },
	Check:  checkPretrain,
	Run:    runPretrain,
}

// PretrainConfig configures a pretrain stage.
type PretrainConfig struct {
	Views     schema.Ref    `hcl:"views" ref:"views" doc:"Augmented views of unlabelled images."`
	Pretext   schema.Choice `family:"pretext" required:"true" doc:"The task to learn from."`
	Backbone  schema.Choice `family:"backbone" doc:"The network to train."`
	Optimizer schema.Choice `family:"optimizer" doc:"How weights follow gradients."`
	Schedule  schema.Choice `family:"schedule" doc:"The learning rate over the steps."`
	Epochs    int           `hcl:"epochs,optional" min:"1" doc:"Passes over the unlabelled images."`
	BatchSize int           `hcl:"batch_size,optional" min:"1" doc:"Source images a step; the task may make several crops of each."`
	Seeds     int           `hcl:"seeds,optional" min:"0" max:"1000" fingerprint:"-" doc:"Independent pre-trainings; 0 makes as many as the pipeline has seeds."`
	Threads   int           `hcl:"threads,optional" min:"1" doc:"CPU threads of one unit. Their number changes the last bits of results."`
}

func checkPretrain(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*PretrainConfig)
	facts := in.One("views")
	problems := trainsOnTest("views", facts)
	task, ok := c.Pretext.Config.(pretext.Task)
	if ok && facts.Shape != [3]int{} {
		for _, p := range task.CheckShape(facts.Shape[0], facts.Shape[1], facts.Shape[2]) {
			problems = append(problems, schema.Problem{Field: "pretext", Message: p.Message})
		}
	}
	return map[string]plan.Facts{"encoder": {Shape: facts.Shape}}, problems
}

func runPretrain(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*PretrainConfig)
	views, err := openViews(env.Inputs["views"][0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = views.Close() }()
	p, err := newPretraining(c, views, env)
	if err != nil {
		return nil, err
	}
	defer func() { _ = p.session.Close() }()
	state, err := p.loop(env).Run(ctx)
	if err != nil {
		return nil, err
	}
	return p.export(env, state)
}

// pretraining is one run: the graph with its feeds and fetches, and the data.
type pretraining struct {
	config  *PretrainConfig
	network network
	views   *views
	feeder  *feeder
	session *tf.Session
	init    tf.Op
	update  tf.Op
	fetches fetchList
	rate    rateFeed
	all     *tf.Saver
	model   *tf.Saver
	tensors int
}

func newPretraining(c *PretrainConfig, v *views, env *plan.Env) (*pretraining, error) {
	p := &pretraining{config: c, views: v, network: newNetwork(c.Backbone, v.Meta)}
	task := c.Pretext.Config.(pretext.Task)
	g := tf.NewGraph()
	seed := seedOf("pretrain", env.Seed)
	net := nn.NewNet(g, seed)
	encoder := net.Branch()

	fed, images := p.network.input(g, "images", c.BatchSize)
	var err error
	if p.feeder, err = newFeeder(g, v.Dataset, v.indices, fed, v.transforms, task.Views(), seed); err != nil {
		return nil, err
	}
	b := pretext.NewBuilder(net, func(x tf.Output) backbone.Features {
		return p.network.features(encoder, x)
	}, p.feeder.augment(g, images))
	loss := task.Loss(b)

	if p.rate, err = newRateFeed(g, c.Optimizer); err != nil {
		return nil, err
	}
	p.update = p.rate.optimizer.Apply(net, loss, p.rate.fed, slices.Concat(encoder.Trainable(), net.Trainable()))
	p.fetches = newFetchList(loss, b.Monitors())
	p.init, p.all, p.model = g.InitOp(), g.Saver(g.Variables()), g.Saver(encoder.Variables())
	p.tensors = len(encoder.Variables())
	p.session, err = tf.NewSession(g, tf.SessionOptions{Threads: c.Threads, Device: tf.Device(env.Device)})
	return p, err
}

// loop trains on the unlabelled images for the configured number of epochs,
// rounded to whole steps.
func (p *pretraining) loop(env *plan.Env) *train.Loop {
	steps := max(1, p.config.Epochs*len(p.views.indices)/p.config.BatchSize)
	return &train.Loop{
		Session: p.session, All: p.all, Model: p.model,
		Dir:    filepath.Join(env.Dir, "checkpoints"),
		Policy: train.Fixed{Schedule: p.config.Schedule.Config.(nn.Schedule), Steps: steps},
		Images: p.config.BatchSize * p.config.Pretext.Config.(pretext.Task).Crops(),
		Init: func() error {
			_, err := p.session.Run(nil, nil, p.init)
			return err
		},
		Step: func(step int, factor float64) (train.Values, error) {
			out, err := p.session.Run(p.rate.with(p.feeder.fill(step), factor), p.fetches.outputs, p.update)
			if err != nil {
				return nil, err
			}
			return p.fetches.values(out), nil
		},
		Report: reporter(env), Logf: env.Logf, SaveEvery: env.CheckpointEvery,
	}
}

// export writes the encoder as a SavedModel.
func (p *pretraining) export(env *plan.Env, state train.State) (map[string]artifact.Output, error) {
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := p.model.Save(p.session, prefix); err != nil {
		return nil, fmt.Errorf("save encoder: %w", err)
	}
	g := tf.NewGraph()
	signatures := p.network.inference(g, layerPooled, 0)
	if err := tf.ExportSavedModel(filepath.Join(env.Dir, "out", ModelDir), g, signatures, prefix); err != nil {
		return nil, fmt.Errorf("export encoder: %w", err)
	}
	meta, err := p.network.meta()
	if err != nil {
		return nil, err
	}
	meta.Dim = p.network.backbone.Config.(backbone.Backbone).Dim()
	meta.Tensors = p.tensors
	meta.Pretext = p.config.Pretext.Name
	meta.Images = state.Step * p.config.BatchSize
	meta.Steps = state.Step
	return map[string]artifact.Output{"encoder": {Type: artifact.TypeEncoder, Meta: meta}}, nil
}
