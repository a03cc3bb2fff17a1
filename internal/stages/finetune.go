package stages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

var finetune = plan.Kind{
	Name:    "finetune",
	Doc:     "Trains a classifier from few labels: the whole network, or a linear model on frozen features.",
	Version: 1,
	New: func() any {
		return &FinetuneConfig{
			LabelsPerClass: []int{10, 100}, Mode: modeFull, BatchSize: 64,
			Warmup: 20, MinSteps: 150, MaxSteps: 1000, ValidateEvery: 25, Patience: 8, Decay: 0.25,
			Optimizer: defaultChoice(nn.Optimizers, "adamw"), Layers: []string{layerPooled}, Threads: 1,
		}
	},
	Families: map[string]schema.Family{"backbone": backbone.Kinds, "optimizer": nn.Optimizers},
	Outputs: []plan.Output{
		{Name: "classifier", Type: artifact.TypeClassifier, Doc: "The trained classifier, as a SavedModel."},
	},
	Expand: func(cfg any, p plan.Pipeline) []plan.Coord { return budgetCoords(cfg.(*FinetuneConfig), p) },
	Check:  checkFinetune,
	Run:    runFinetune,
}

// The modes of finetune.
const (
	modeFull   = "full"
	modeLinear = "linear"
	modePixels = "pixels"
)

// FinetuneConfig configures a finetune stage.
type FinetuneConfig struct {
	Data           schema.Ref     `hcl:"data" ref:"dataset" doc:"Labelled images; label budgets are drawn from them."`
	LabelsPerClass []int          `hcl:"labels_per_class,optional" min:"1" fingerprint:"-" doc:"Label budgets, in labels per class; smaller budgets are subsets of larger ones."`
	Mode           string         `hcl:"mode,optional" doc:"full: train the whole network; linear: logistic regression on frozen features; pixels: logistic regression on raw pixels."`
	Init           schema.Ref     `hcl:"init,optional" ref:"encoder" doc:"Encoder whose weights to start from; without it the weights are random."`
	FreshFrom      string         `hcl:"fresh_from,optional" doc:"With init and mode full: this block and all after it start from random weights."`
	Backbone       *schema.Choice `family:"backbone" doc:"The network, where no init brings one."`
	Views          schema.Ref     `hcl:"views,optional" ref:"views" doc:"Augmentation while training, in mode full: the transforms of an augment stage."`
	Layers         []string       `hcl:"layers,optional" doc:"Mode linear: layers to probe, of which validation data chooses one."`
	Seeds          int            `hcl:"seeds,optional" min:"0" max:"1000" fingerprint:"-" doc:"Label draws; 0 makes as many as the pipeline has seeds."`
	BatchSize      int            `hcl:"batch_size,optional" min:"1" doc:"Images a step, at most the number of labelled images."`
	Warmup         int            `hcl:"warmup_steps,optional" min:"0" doc:"Steps over which the learning rate rises to its value."`
	MinSteps       int            `hcl:"min_steps,optional" min:"0" doc:"Steps before the learning rate may decay."`
	MaxSteps       int            `hcl:"max_steps,optional" min:"1" doc:"Steps after which the decay begins in any case."`
	ValidateEvery  int            `hcl:"validate_every,optional" min:"1" doc:"Steps between two looks at validation accuracy."`
	Patience       int            `hcl:"patience,optional" min:"1" doc:"Looks without a better accuracy after which the rate decays to zero and training ends."`
	Decay          float64        `hcl:"decay,optional" min:"0" max:"10" doc:"Length of the decay, as a fraction of the steps before it."`
	Optimizer      schema.Choice  `family:"optimizer" doc:"How weights follow gradients, in mode full."`
	Threads        int            `hcl:"threads,optional" min:"1" doc:"CPU threads of one unit. Their number changes the last bits of results."`
}

// Validate implements schema.Validator.
func (c *FinetuneConfig) Validate() []schema.Problem {
	var problems []schema.Problem
	add := func(field, format string, args ...any) {
		problems = append(problems, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
	}
	modes := []string{modeFull, modeLinear, modePixels}
	switch init := c.Init != (schema.Ref{}); {
	case !slices.Contains(modes, c.Mode):
		add("mode", "There is no mode %q. The modes are: %s.%s", c.Mode, strings.Join(modes, ", "), schema.DidYouMean(c.Mode, modes))
	case c.Mode == modePixels && (init || c.Backbone != nil):
		add("mode", "Mode pixels uses no network: leave out init and backbone.")
	case c.Mode != modePixels && !init && c.Backbone == nil:
		add("", "Say which network to train: a backbone block, or init = pretrain.NAME.")
	case init && c.Backbone != nil:
		add("backbone", "The encoder that init names brings its own backbone: leave this block out.")
	}
	if c.FreshFrom != "" && (c.Init == schema.Ref{} || c.Mode != modeFull) {
		add("fresh_from", "Only a full fine-tuning with init can start some blocks afresh.")
	}
	if c.Mode != modeFull && c.Views != (schema.Ref{}) {
		add("views", "Only mode full trains on augmented views.")
	}
	if len(c.LabelsPerClass) == 0 {
		add("labels_per_class", "At least one label budget is needed.")
	}
	for i, n := range c.LabelsPerClass {
		if slices.Contains(c.LabelsPerClass[:i], n) {
			add(fmt.Sprintf("labels_per_class[%d]", i), "The label budget %d is there twice.", n)
		}
	}
	if len(c.Layers) == 0 {
		add("layers", "At least one layer is needed; %q is the encoder's output.", layerPooled)
	}
	if c.MaxSteps < c.ValidateEvery {
		add("validate_every", "Nothing would be validated within max_steps = %d.", c.MaxSteps)
	}
	return problems
}

func budgetCoords(c *FinetuneConfig, p plan.Pipeline) []plan.Coord {
	var coords []plan.Coord
	for _, labels := range c.LabelsPerClass {
		for _, seed := range seedCoords(c.Seeds, p) {
			coords = append(coords, plan.Coord{"labels": labels, "seed": seed["seed"]})
		}
	}
	return coords
}

func checkFinetune(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*FinetuneConfig)
	facts := in.One("data")
	problems := trainsOnTest("data", facts)
	if facts.Split == splitUnlabelled {
		problems = append(problems, schema.Problem{Field: "data", Message: "Unlabelled images cannot train a classifier. Use the train output."})
	}
	if c.Init != (schema.Ref{}) {
		init := in.One("init")
		if init.Shape != facts.Shape && init.Shape != [3]int{} && facts.Shape != [3]int{} {
			problems = append(problems, schema.Problem{Field: "init", Message: fmt.Sprintf(
				"The encoder reads images of %s, but the data has %s.", shapeText(init.Shape), shapeText(facts.Shape))})
		}
	}
	return map[string]plan.Facts{"classifier": {Shape: facts.Shape}}, problems
}

func shapeText(s [3]int) string { return fmt.Sprintf("%dx%dx%d", s[0], s[1], s[2]) }

// labelled is what one finetune unit learns from.
type labelled struct {
	*splitData
	train, validation []int
}

func openLabelled(env *plan.Env) (*labelled, error) {
	data, err := openDataset(env.Inputs["data"][0])
	if err != nil {
		return nil, err
	}
	l := &labelled{splitData: data}
	l.train, err = data.Subset(data.split, env.Unit.Coord["labels"], seedOf("labels", env.Seed))
	if err == nil {
		l.validation, err = data.Split(splitValidation)
	}
	if err != nil {
		_ = data.Close()
		return nil, err
	}
	return l, nil
}

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
	if meta.EncoderMeta, err = source.describe(); err != nil {
		return nil, err
	}
	meta.Mode, meta.Classes, meta.LabelsPerClass = c.Mode, data.Meta.Classes, env.Unit.Coord["labels"]
	meta.Init = source.init()
	meta.TrainImages, meta.ValidationImages = len(data.train), len(data.validation)
	return map[string]artifact.Output{"classifier": {Type: artifact.TypeClassifier, Meta: meta}}, nil
}

// source is where a classifier's encoder comes from: a network, and the artifact
// with its weights unless they are random.
type source struct {
	network network
	handle  *artifact.Handle
	meta    artifact.EncoderMeta
}

func sourceOf(c *FinetuneConfig, data artifact.DatasetMeta, env *plan.Env) (source, error) {
	if c.Mode == modePixels {
		return source{network: network{shape: data.Shape}}, nil
	}
	if c.Backbone != nil {
		return source{network: newNetwork(*c.Backbone, data)}, nil
	}
	handle := env.Inputs["init"][0]
	s := source{handle: &handle}
	if err := handle.Decode(&s.meta); err != nil {
		return s, err
	}
	if s.meta.InputShape != data.Shape {
		return s, fmt.Errorf("the encoder of %s reads images of %s, but the data has %s",
			handle.Unit, shapeText(s.meta.InputShape), shapeText(data.Shape))
	}
	var err error
	s.network, err = networkOf(s.meta)
	return s, err
}

// init identifies the pre-training that a classifier started from, by the digest
// of its result: runs that share one are not independent.
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
		return artifact.EncoderMeta{InputShape: s.network.shape}, nil
	}
	return s.network.meta()
}
