package stages

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	Doc:     "Trains an encoder with one or several pretext tasks.",
	Sample:  "rotation",
	Shown:   func(path string) bool { return path == MonitorsFile },
	Version: 6,
	New: func() any {
		return &PretrainConfig{
			Epochs: 20, BatchSize: 64, Threads: 1, Precision: precisionFloat32,
			Backbone:  defaultChoice(backbone.Kinds, "mobilenet_v2"),
			Optimizer: defaultChoice(nn.Optimizers, "adamw"),
			Schedule:  defaultChoice(nn.Schedules, "cosine"),
			Guards:    defaultGuards,
		}
	},
	Families: map[string]schema.Family{
		"backbone": backbone.Kinds, "pretext": pretext.Kinds, "optimizer": nn.Optimizers, "schedule": nn.Schedules,
	},
	Outputs: []plan.Output{
		{Name: "encoder", Type: artifact.TypeEncoder, Doc: "The trained encoder, as a SavedModel; monitors.jsonl has the numbers of each epoch, losses.csv the loss of each step."},
	},
	Expand:   func(cfg any, p plan.Pipeline) []plan.Coord { return seedCoords(cfg.(*PretrainConfig).Seeds, p) },
	Check:    checkPretrain,
	Parallel: parallelPretrain,
	Memory:   pretrainMemory, MemoryBy: "batch_size, the size of the images and the width of the backbone",
	Run: runPretrain,
}

// PretrainConfig configures a pretrain stage.
type PretrainConfig struct {
	Views      schema.Ref        `hcl:"views" ref:"views" example:"augment.views" doc:"Augmented views of unlabelled images."`
	Pretexts   []schema.Choice   `family:"pretext" required:"true" example:"rotation" doc:"The task to learn from; several are learnt together, each with its weight."`
	Backbone   schema.Choice     `family:"backbone" example:"mobilenet_v2" doc:"The network to train."`
	Optimizer  schema.Choice     `family:"optimizer" doc:"How weights follow gradients."`
	Schedule   schema.Choice     `family:"schedule" doc:"The learning rate over the steps."`
	Resolution *ResolutionConfig `hcl:"resolution,block" doc:"Begin with smaller views, which cost less, and end with the images' own size. Augmentation is matched: what transforms say in pixels (shifts, blur, squares) shrinks with the views, what they say in shares stays, and a resized crop cuts its views out of the images directly. Without this block all steps are at the images' own size."`
	Cluster    *ClusterConfig    `hcl:"cluster,block" doc:"How several workers train a unit together."`
	Guards     GuardsConfig      `hcl:"guards,block" fingerprint:"-" doc:"When to stop a run that learns nothing. Changing it does not change results."`
	Epochs     int               `hcl:"epochs,optional" min:"1" example:"12" doc:"Passes over the unlabelled images."`
	BatchSize  int               `hcl:"batch_size,optional" min:"1" doc:"Source images a step; the task may make several crops of each."`
	Precision  string            `hcl:"precision,optional" enum:"float32,mixed" fingerprint:"float32" doc:"Precision of training: float32, or mixed, where convolutions and products of matrices multiply numbers of bfloat16, and weights, sums, norms, losses and the optimizer stay float32. Mixed is for GPUs from NVIDIA's Ampere on; a CPU computes the same, more slowly than float32. What is exported is float32."`
	Seeds      int               `hcl:"seeds,optional" min:"0" max:"1000" fingerprint:"-" doc:"Independent pre-trainings; 0 makes as many as the pipeline has seeds."`
	Threads    int               `hcl:"threads,optional" min:"1" doc:"CPU threads of one unit. Their number changes the last bits of results."`
}

// Validate implements schema.Validator.
func (c *PretrainConfig) Validate() []schema.Problem {
	var problems []schema.Problem
	for i, choice := range c.Pretexts {
		same := func(other schema.Choice) bool { return other.Name == choice.Name }
		if slices.ContainsFunc(c.Pretexts[:i], same) {
			problems = append(problems, schema.Problem{Field: fmt.Sprintf("pretext[%d]", i), Message: fmt.Sprintf("The task %q is there twice.", choice.Name)})
		}
	}
	return problems
}

func checkPretrain(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*PretrainConfig)
	facts := in.One("views")
	problems := trainsOnTest("views", facts)
	encoder := plan.Facts{Shape: facts.Shape, Vocabulary: facts.Vocabulary, Backbone: c.Backbone.Name, Blocks: blockNames(c.Backbone)}
	if facts.Shape == [3]int{} {
		return map[string]plan.Facts{"encoder": encoder}, problems
	}
	problems = append(problems, c.checkTasks(facts)...)
	encoder.Activations = activations(c.Backbone, facts.Shape)
	return map[string]plan.Facts{"encoder": encoder}, problems
}

// checkTasks reports what makes data of which this is known, and smaller views of its
// images, unfit for the network and the tasks.
func (c *PretrainConfig) checkTasks(facts plan.Facts) []schema.Problem {
	if problems := checkBackbone(c.Backbone, facts); problems != nil {
		return problems
	}
	batch := stepOf(c.Backbone, c.BatchSize, facts.Shape, facts.Vocabulary)
	var problems []schema.Problem
	for i, choice := range c.Pretexts {
		task, ok := choice.Config.(pretext.Task)
		if !ok {
			continue
		}
		found := pretext.Fits(task, batch)
		if found == nil {
			found = slices.Concat(task.Check(batch), c.checkCrops(task, batch))
		}
		for _, p := range found {
			problems = append(problems, schema.Problem{Field: pretextField(i, p), Message: p.Message})
		}
	}
	switch {
	case c.Resolution == nil || problems != nil:
		return problems
	case facts.Vocabulary > 0:
		return []schema.Problem{{Field: "resolution", Message: "Texts have no resolution: leave out this block."}}
	}
	return c.checkResolution(batch)
}

// pretextField is the path of what a problem of task i is about.
func pretextField(i int, p schema.Problem) string {
	return strings.TrimSuffix(fmt.Sprintf("pretext[%d].%s", i, p.Field), ".")
}

func runPretrain(ctx context.Context, env *plan.Env, cfg any) (map[string]artifact.Output, error) {
	c := cfg.(*PretrainConfig)
	views, err := openViews(env.Inputs["views"][0])
	if err != nil {
		return nil, err
	}
	defer func() { _ = views.Close() }()
	return newPhases(c, views, env).run(ctx)
}

// pretraining is one phase: the graph with its feeds and fetches, and the data.
type pretraining struct {
	config  *PretrainConfig
	phase   phase
	network network
	views   *views
	images  int // of the split
	steps   int // of all phases
	tasks   *taskGraph
	session *tf.Session
	init    tf.Op
	update  nn.Update
	finite  tf.Output
	held    *heldOut // nil where nothing is held out
	fetches fetchList
	rate    rateFeed
	all     *tf.Saver
	model   *tf.Saver
	tensors int
	flops   int64 // of a step
	data    artifact.DataUse
}

// newPretraining builds the graph of a phase; open starts its session.
func newPretraining(c *PretrainConfig, v *views, ph phase, env *plan.Env) (*pretraining, error) {
	p := &pretraining{
		config: c, phase: ph, views: v, images: len(v.indices), network: newNetwork(c.Backbone, v.Meta),
		steps: c.steps(len(v.indices)), data: v.use("pre-training", v.split),
	}
	var err error
	if p.tasks, err = newTaskGraph(c.Pretexts, p.network, v.at(ph.size), c.BatchSize, p.steps, seedOf("pretrain", env.Seed), env.Device, team{workersOf(env), c.Cluster, c.Precision}); err != nil {
		return nil, err
	}
	g, net, encoder := p.tasks.g, p.tasks.net, p.tasks.encoder
	loss := p.tasks.loss()
	if p.rate, err = newRateFeed(g, c.Optimizer); err != nil {
		return nil, err
	}
	p.update = p.rate.optimizer.Apply(net, loss, p.rate.fed, p.tasks.trainable())
	p.fetches = newFetchList(g, loss, p.tasks.monitors())
	if p.flops, err = g.FLOPs(); err != nil {
		return nil, err
	}
	if p.held, err = newHeldOut(p.tasks, p.network, v); err != nil {
		return nil, err
	}
	p.finite = train.AllFinite(g, g.Variables())
	p.init, p.all, p.model = g.InitOp(), g.Saver(g.Variables()), g.Saver(p.tasks.kept())
	p.tensors = len(encoder.Variables())
	return p, nil
}

func (p *pretraining) open(ctx context.Context, env *plan.Env) error {
	var err error
	p.session, err = newSession(ctx, env, p.tasks.g, p.config.Threads)
	return err
}

// steps is the configured number of epochs of so many images, rounded to whole steps.
func (c *PretrainConfig) steps(images int) int { return max(1, c.Epochs*images/c.BatchSize) }

// epochEnds tells whether another epoch is over after so many steps. The last
// one ends with the training.
func (p *pretraining) epochEnds(steps int) bool {
	now, before := steps*p.config.BatchSize/p.images, (steps-1)*p.config.BatchSize/p.images
	if steps == p.steps {
		return true
	}
	return now > before && p.steps-steps >= p.images/p.config.BatchSize/2
}

func checkpointsDir(env *plan.Env) string { return filepath.Join(env.Dir, "checkpoints") }

// loop trains on the unlabelled images.
func (p *pretraining) loop(env *plan.Env) *train.Loop {
	crops := 0
	for _, task := range p.tasks.tasks {
		crops += task.Crops()
	}
	inspection := inspection{tasks: p.tasks, session: p.session, norm: p.update.GradientNorm, held: p.held}
	return &train.Loop{
		Session: p.session, All: p.all, Model: p.model, Finite: p.finite,
		Dir: checkpointsDir(env),
		Policy: train.Fixed{
			Schedule: p.config.Schedule.Config.(nn.Schedule), Steps: p.steps, From: p.phase.from, Until: p.phase.until,
		},
		KeepLast: p.phase.until < p.steps, // for the next phase
		Images:   p.config.BatchSize * crops,
		Init: func() error {
			_, err := p.session.Run(nil, nil, p.init)
			return err
		},
		Step: func(step int, factor float64) (train.Values, error) {
			feeds, err := p.tasks.fill(step)
			if err != nil {
				return nil, err
			}
			out, err := p.session.Run(p.rate.with(feeds, factor), p.fetches.outputs, p.update.Op)
			if err != nil {
				return nil, err
			}
			return p.fetches.values(out), nil
		},
		EpochEnds: p.epochEnds,
		Derive:    p.tasks.derive,
		Inspect:   inspection.measure,
		Gate: func(e train.Epoch) error {
			return p.config.Guards.gate(p.tasks, min(p.images, p.steps*p.config.BatchSize), e)
		},
		Report: reporter(env), Logf: env.Logf, SaveEvery: env.CheckpointEvery,
	}
}

// MonitorsFile has one line of JSON for each epoch: its number, the steps by its
// end, and what was measured over it.
const MonitorsFile = "monitors.jsonl"

// LossesFile has the loss of each training step, over all learning rates that were
// tried one after the other: where two results differ, it tells since when.
const LossesFile = artifact.LossesFile

// work is what all phases of a training did together.
type work struct {
	flops  int64
	phases []artifact.SizePhase // nil where all steps were at one size
}

// export writes the encoder as a SavedModel.
func (p *pretraining) export(env *plan.Env, state train.State, done work) (map[string]artifact.Output, error) {
	prefix := filepath.Join(env.Dir, "final", "weights")
	if err := p.model.Save(p.session, prefix); err != nil {
		return nil, fmt.Errorf("save encoder: %w", err)
	}
	g := tf.NewGraph()
	signatures := p.network.pretrained(g, p.tasks.predictors())
	out := filepath.Join(env.Dir, "out")
	if err := tf.ExportSavedModel(filepath.Join(out, ModelDir), g, signatures, prefix); err != nil {
		return nil, fmt.Errorf("export encoder: %w", err)
	}
	if err := p.views.addTokenizer(filepath.Join(out, ModelDir)); err != nil {
		return nil, err
	}
	if err := writeMonitors(filepath.Join(out, MonitorsFile), state.Epochs); err != nil {
		return nil, fmt.Errorf("write monitors: %w", err)
	}
	if err := state.Losses.WriteFile(filepath.Join(out, LossesFile)); err != nil {
		return nil, fmt.Errorf("write losses: %w", err)
	}
	meta, err := p.network.meta()
	if err != nil {
		return nil, err
	}
	meta.Dim = p.network.backbone.Config.(backbone.Backbone).Dim()
	meta.Tensors = p.tensors
	meta.Pretext = p.tasks.title()
	meta.Images = state.Step * p.config.BatchSize
	meta.Steps = state.Step
	meta.FLOPs = done.flops
	meta.Mixed = p.config.Precision == precisionMixed
	meta.Phases = done.phases
	meta.Data = []artifact.DataUse{p.data}
	meta.Labelled = p.tasks.feeder.labels != nil
	return map[string]artifact.Output{"encoder": {Type: artifact.TypeEncoder, Meta: meta, Scores: lastEpoch(state)}}, nil
}

// lastEpoch is what was measured over the last epoch.
func lastEpoch(state train.State) map[string]float64 {
	if len(state.Epochs) == 0 {
		return nil
	}
	return state.Epochs[len(state.Epochs)-1].Values
}

func writeMonitors(path string, epochs []train.Epoch) error {
	var text []byte
	for _, e := range epochs {
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	return os.WriteFile(path, text, 0o644)
}
