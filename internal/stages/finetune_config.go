package stages

import (
	"fmt"
	"math"
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
	Doc:     "Trains a classifier from few labels: the whole network, or a linear or nearest-neighbour model on frozen features.",
	Sample:  "ssl",
	Version: 4,
	New:     func() any { return defaultFinetune() },
	Families: map[string]schema.Family{
		"backbone": backbone.Kinds, "optimizer": nn.Optimizers,
	},
	Outputs: []plan.Output{
		{Name: "classifier", Type: artifact.TypeClassifier, Doc: "The trained classifier, as a SavedModel; losses.csv has the loss of each step."},
	},
	Expand:   func(cfg any, p plan.Pipeline) []plan.Coord { return budgetCoords(cfg.(*FinetuneConfig), p) },
	Check:    checkFinetune,
	Parallel: parallelFinetune,
	Memory:   finetuneMemory, MemoryBy: "batch_size (in mode full), the size of the images or texts and the width of the backbone",
	Run: runFinetune,
}

// The modes of finetune.
const (
	modeFull   = "full"
	modeLinear = "linear"
	modeKNN    = "knn"
	modePixels = "pixels"
)

// FinetuneConfig configures a finetune stage.
type FinetuneConfig struct {
	Data     schema.Ref     `hcl:"data" ref:"dataset" example:"download.images.train" doc:"Labelled images or texts; label budgets are drawn from them."`
	Mode     string         `hcl:"mode,optional" enum:"full,linear,knn,pixels" doc:"full: train the whole network; linear: logistic regression on frozen features; knn: nearest neighbours by frozen features; pixels: logistic regression on raw pixels or, of text, on how often each token is there (a bag of words)."`
	Init     schema.Ref     `hcl:"init,optional" ref:"encoder" example:"pretrain.rotation" doc:"Encoder whose weights to start from; without it the weights are random."`
	Model    *ModelConfig   `hcl:"model,block" doc:"A SavedModel whose weights to start from, instead of init. Of a model from elsewhere only known operations that compute are run, and others refused by name, as those that read or write files; what is trusted is TensorFlow itself, and the time and memory that the model takes."`
	Backbone *schema.Choice `family:"backbone" doc:"The network, where init brings none. With a model, its weights are copied into this network by name; without this block, the model is used as it is, frozen."`
	Budgets
	Seeds     int    `hcl:"seeds,optional" min:"0" max:"1000" fingerprint:"-" doc:"Label draws; 0 makes as many as the pipeline has seeds."`
	Threads   int    `hcl:"threads,optional" min:"1" doc:"CPU threads of one unit. Their number changes the last bits of results."`
	BatchSize int    `hcl:"batch_size,optional" min:"1" doc:"Images or texts a step, at most the number of labelled ones."`
	Precision string `hcl:"precision,optional" enum:"float32,mixed" fingerprint:"float32" doc:"Precision of training, in mode full: float32, or mixed, where convolutions and products of matrices multiply numbers of bfloat16, and weights, sums, norms, losses and the optimizer stay float32. Mixed is for GPUs from NVIDIA's Ampere on; a CPU computes the same, more slowly than float32. What is exported is float32."`
	Frozen
	Full
	Cluster   *ClusterConfig `hcl:"cluster,block" doc:"How several workers train a unit together, in mode full."`
	Optimizer schema.Choice  `family:"optimizer" doc:"How weights follow gradients, in mode full."`
}

// ModelConfig names a SavedModel of whatever origin.
type ModelConfig struct {
	Path   string    `hcl:"path" file:"true" doc:"Folder of the SavedModel, made by this program, by Keras or by TensorFlow."`
	Pixels []float64 `hcl:"pixels,optional" doc:"What black and white are to the model, as [0, 255], [0, 1] or [-1, 1]."`
	Output string    `hcl:"output,optional" doc:"The output with the features, where the model has several."`
}

// Budgets are the label budgets of a stage. They become coordinates.
type Budgets struct {
	LabelsPerClass []int     `hcl:"labels_per_class,optional" min:"1" example:"[5, 20]" fingerprint:"-" doc:"Label budgets, in labels per class; smaller budgets are subsets of larger ones."`
	LabelFractions []float64 `hcl:"label_fractions,optional" min:"0.001" max:"1" fingerprint:"-" doc:"Label budgets as fractions of each class's images or texts, as 0.01 for 1 %, instead of labels_per_class. At least one label of each class is drawn."`
}

// Frozen is what the modes on frozen features need.
type Frozen struct {
	Layers      []string `hcl:"layers,optional" doc:"Modes linear and knn: layers to read, of which validation data chooses one."`
	Neighbours  int      `hcl:"neighbours,optional" min:"1" doc:"Mode knn: neighbours that vote, at most the labels of the smallest class."`
	Temperature float64  `hcl:"temperature,optional" doc:"Mode knn: a neighbour's vote weighs exp(cosine / temperature)."`
}

// Full is what mode full needs.
type Full struct {
	Views         schema.Ref `hcl:"views,optional" ref:"views" doc:"Augmentation while training, in mode full: the transforms of an augment stage."`
	FreshFrom     string     `hcl:"fresh_from,optional" doc:"With init and mode full: this block and all after it start from random weights."`
	LearningRates []float64  `hcl:"learning_rates,optional" doc:"Mode full: trains with each of these rates and keeps what is best on validation data; empty takes the optimizer's one rate."`
	LayerDecay    float64    `hcl:"layer_decay,optional" doc:"Mode full: the rate of each block is this fraction of the rate of the block after it (discriminative fine-tuning); 1 gives all the same."`
	UnfreezeEvery int        `hcl:"unfreeze_every,optional" min:"0" doc:"Mode full: the head learns first, and every so many steps one block more, from the last to the first; 0 lets all learn from the start."`
	MatchCompute  schema.Ref `hcl:"match_compute,optional" ref:"encoder" doc:"Mode full, from random weights: train longer, by as many steps as the pre-training of this encoder is worth in operations."`
	Warmup        int        `hcl:"warmup_steps,optional" min:"0" doc:"Steps over which the learning rate rises to its value."`
	MinSteps      int        `hcl:"min_steps,optional" min:"0" doc:"Steps before the learning rate may decay."`
	MaxSteps      int        `hcl:"max_steps,optional" min:"1" doc:"Steps after which the decay begins in any case."`
	ValidateEvery int        `hcl:"validate_every,optional" min:"1" doc:"Steps between two looks at validation accuracy."`
	Patience      int        `hcl:"patience,optional" min:"1" doc:"Looks without a better accuracy after which the rate decays to zero and training ends."`
	Decay         float64    `hcl:"decay,optional" min:"0" max:"10" doc:"Length of the decay, as a fraction of the steps before it."`
}

func defaultFinetune() *FinetuneConfig {
	return &FinetuneConfig{
		Mode: modeFull, BatchSize: 64, Threads: 1, Precision: precisionFloat32,
		Frozen:    Frozen{Layers: []string{layerPooled}, Neighbours: 20, Temperature: 0.1},
		Full:      Full{LayerDecay: 1, Warmup: 20, MinSteps: 150, MaxSteps: 1000, ValidateEvery: 25, Patience: 8, Decay: 0.25},
		Optimizer: defaultChoice(nn.Optimizers, "adamw"),
	}
}

// problems collects mistakes in a configuration.
type problems []schema.Problem

func (p *problems) add(field, format string, args ...any) {
	*p = append(*p, schema.Problem{Field: field, Message: fmt.Sprintf(format, args...)})
}

// Validate implements schema.Validator.
func (c *FinetuneConfig) Validate() []schema.Problem {
	var p problems
	c.validateNetwork(&p)
	c.validateModel(&p)
	c.validateBudgets(&p)
	c.validateMode(&p)
	c.validateFull(&p)
	if len(c.Layers) == 0 {
		p.add("layers", "At least one layer is needed; %q is the encoder's output.", layerPooled)
	}
	if c.Temperature <= 0 {
		p.add("temperature", "A temperature above 0 is needed, not %g.", c.Temperature)
	}
	return p
}

// validateNetwork checks that the weights come from one place.
func (c *FinetuneConfig) validateNetwork(p *problems) {
	init := c.Init != (schema.Ref{})
	switch {
	case c.Mode == modePixels && (init || c.Backbone != nil || c.Model != nil):
		p.add("mode", "Mode pixels uses no network: leave out init, model and backbone.")
	case c.Mode != modePixels && !init && c.Backbone == nil && c.Model == nil:
		p.add("", "Say which network to train: a backbone block, init = pretrain.NAME, or a model block.")
	case init && c.Model != nil:
		p.add("model", "The weights come from init or from a model, not from both.")
	case init && c.Backbone != nil:
		p.add("backbone", "The encoder that init names brings its own backbone: leave this block out.")
	case c.Mode == modeFull && c.Model != nil && c.Backbone == nil:
		p.add("model", "A model that is used as it is stays frozen: use mode linear or knn, or add the backbone block that its weights fit.")
	}
	if c.FreshFrom != "" && !init && c.Model == nil {
		p.add("fresh_from", "Only a full fine-tuning with init or a model can start some blocks afresh.")
	}
	if c.MatchCompute != (schema.Ref{}) && (init || c.Model != nil) {
		p.add("match_compute", "It is for training from random weights: leave out init and model.")
	}
}

func (c *FinetuneConfig) validateModel(p *problems) {
	if c.Model == nil {
		return
	}
	if n := len(c.Model.Pixels); n != 0 && (n != 2 || c.Model.Pixels[0] >= c.Model.Pixels[1]) {
		p.add("model.pixels", "Two values are needed, that of black and that of white, as [-1, 1].")
	}
	if c.Backbone == nil && !slices.Equal(c.Layers, []string{layerPooled}) {
		p.add("layers", "A model that is used as it is has one layer of features: leave this out.")
	}
	if c.Backbone != nil && c.Model.Output != "" {
		p.add("model.output", "The features are those of the backbone block: leave this out.")
	}
}

func (c *FinetuneConfig) validateBudgets(p *problems) {
	switch {
	case len(c.LabelsPerClass) == 0 && len(c.LabelFractions) == 0:
		p.add("", "Say how many labels to learn from: labels_per_class = [10, 100], or label_fractions = [0.01, 0.1].")
	case len(c.LabelsPerClass) > 0 && len(c.LabelFractions) > 0:
		p.add("label_fractions", "Label budgets are counts or fractions, not both in one stage.")
	}
	for i, n := range c.LabelsPerClass {
		if slices.Contains(c.LabelsPerClass[:i], n) {
			p.add(fmt.Sprintf("labels_per_class[%d]", i), "The label budget %d is there twice.", n)
		}
	}
	for i, f := range c.LabelFractions {
		switch {
		case math.Abs(f*1000-math.Round(f*1000)) > 1e-9:
			p.add(fmt.Sprintf("label_fractions[%d]", i), "Fractions are multiples of 0.001, and %g is not.", f)
		case slices.Contains(c.LabelFractions[:i], f):
			p.add(fmt.Sprintf("label_fractions[%d]", i), "The fraction %g is there twice.", f)
		}
	}
}

// validateMode refuses attributes that the mode would ignore.
func (c *FinetuneConfig) validateMode(p *problems) {
	plain := defaultFinetune()
	frozen := c.Mode == modeLinear || c.Mode == modeKNN
	for _, a := range []struct {
		name         string
		set, allowed bool
		where        string
	}{
		{"layers", !slices.Equal(c.Layers, plain.Layers), frozen, "modes linear and knn read"},
		{"neighbours", c.Neighbours != plain.Neighbours, c.Mode == modeKNN, "mode knn has"},
		{"temperature", c.Temperature != plain.Temperature, c.Mode == modeKNN, "mode knn has"},
		{"views", c.Views != (schema.Ref{}), c.Mode == modeFull, "mode full trains on"},
		{"fresh_from", c.FreshFrom != "", c.Mode == modeFull, "mode full has"},
		{"learning_rates", len(c.LearningRates) > 0, c.Mode == modeFull, "mode full has"},
		{"layer_decay", c.LayerDecay != 1, c.Mode == modeFull, "mode full has"},
		{"unfreeze_every", c.UnfreezeEvery != 0, c.Mode == modeFull, "mode full has"},
		{"precision", c.Precision != plain.Precision, c.Mode == modeFull, "mode full has"},
		{"match_compute", c.MatchCompute != (schema.Ref{}), c.Mode == modeFull, "mode full has"},
	} {
		if a.set && !a.allowed {
			p.add(a.name, "Only %s %s; the mode is %q.", a.where, a.name, c.Mode)
		}
	}
}

func (c *FinetuneConfig) validateFull(p *problems) {
	if c.MaxSteps < c.ValidateEvery {
		p.add("validate_every", "Nothing would be validated within max_steps = %d.", c.MaxSteps)
	}
	if c.LayerDecay <= 0 || c.LayerDecay > 1 {
		p.add("layer_decay", "A fraction above 0 and at most 1 is needed, not %g.", c.LayerDecay)
	}
	for i, r := range c.LearningRates {
		switch {
		case r <= 0:
			p.add(fmt.Sprintf("learning_rates[%d]", i), "A learning rate above 0 is needed, not %g.", r)
		case slices.Contains(c.LearningRates[:i], r):
			p.add(fmt.Sprintf("learning_rates[%d]", i), "The learning rate %g is there twice.", r)
		}
	}
}

func checkFinetune(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	c := cfg.(*FinetuneConfig)
	facts := in.One("data")
	problems := problems(trainsOnTest("data", facts))
	if facts.Split == splitUnlabelled {
		problems.add("data", "Unlabelled %s cannot train a classifier. Use the train output.", nounOf(facts))
	}
	if c.Init != (schema.Ref{}) {
		init := in.One("init")
		known := init.Shape != [3]int{} && facts.Shape != [3]int{}
		if known && (init.Shape != facts.Shape || init.Vocabulary != facts.Vocabulary) {
			problems.add("init", "The encoder reads %s, but the data has %s.", factsText(init), factsText(facts))
		}
	}
	if c.Backbone != nil {
		problems = append(problems, checkBackbone(*c.Backbone, facts)...)
	}
	if c.Model != nil && facts.Vocabulary > 0 {
		problems.add("model", "Models from elsewhere are for images: give text an encoder by init, or a backbone.")
	}
	c.checkBlocks(&problems, in.One("init"))
	return map[string]plan.Facts{"classifier": {Shape: facts.Shape, Vocabulary: facts.Vocabulary, Activations: c.activations(in)}}, problems
}

// factsText says what examples are.
func factsText(f plan.Facts) string {
	if f.Vocabulary > 0 {
		return fmt.Sprintf("texts of %d tokens, of up to %d", f.Shape[1], f.Vocabulary)
	}
	return "images of " + shapeText(f.Shape)
}

// nounOf is what examples are called.
func nounOf(f plan.Facts) string {
	var text *artifact.TextMeta
	if f.Vocabulary > 0 {
		text = &artifact.TextMeta{Vocabulary: f.Vocabulary}
	}
	return text.Noun()
}

// checkBlocks looks for names of blocks that the network does not have, as far as it
// is known what it has.
func (c *FinetuneConfig) checkBlocks(p *problems, init plan.Facts) {
	network, blocks := init.Backbone, init.Blocks
	if c.Backbone != nil {
		network, blocks = c.Backbone.Name, blockNames(*c.Backbone)
	}
	if blocks == nil {
		return
	}
	if c.FreshFrom != "" && !slices.Contains(blocks, c.FreshFrom) {
		p.add("fresh_from", "There is no block %q in %s. Its blocks are: %s.%s",
			c.FreshFrom, network, strings.Join(blocks, ", "), schema.DidYouMean(c.FreshFrom, blocks))
	}
	layers := append([]string{layerPooled, layerPixels}, blocks...)
	for i, layer := range c.Layers {
		if !slices.Contains(layers, layer) {
			p.add(fmt.Sprintf("layers[%d]", i), "There is no layer %q in %s. The layers are: %s.%s",
				layer, network, strings.Join(layers, ", "), schema.DidYouMean(layer, layers))
		}
	}
}

// blockNames are those of a backbone's blocks, first to last.
func blockNames(choice schema.Choice) []string {
	return choice.Config.(backbone.Backbone).BlockNames()
}

func shapeText(s [3]int) string { return fmt.Sprintf("%dx%dx%d", s[0], s[1], s[2]) }
