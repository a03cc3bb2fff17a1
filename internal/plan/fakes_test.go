package plan_test

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// The kinds of stage of these tests. They compute nothing.

type downloadConfig struct {
	Source  string            `hcl:"source,optional" doc:"Known data set."`
	Path    string            `hcl:"path,optional" file:"true" doc:"Local copy."`
	Classes map[string]string `hcl:"classes,optional" doc:"Classes to keep."`
	Size    int               `hcl:"size,optional" doc:"Side in pixels."`
	Comment string            `hcl:"comment,optional" fingerprint:"-" doc:"For people."`
}

func (c *downloadConfig) Validate() []schema.Problem {
	if c.Source == "" && c.Path == "" {
		return []schema.Problem{{Message: "Give source or path."}}
	}
	return nil
}

type augmentConfig struct {
	Data       schema.Ref      `hcl:"data" ref:"dataset" doc:"Images."`
	Transforms []schema.Choice `blocks:"transform" doc:"Transforms, in order."`
}

type crop struct {
	Padding int `hcl:"padding,optional" min:"0" doc:"Pixels."`
}

type flip struct {
	Horizontal bool `hcl:"horizontal,optional" doc:"Left to right."`
}

type stopping struct {
	Patience int `hcl:"patience" min:"1" doc:"Epochs."`
}

type pretrainConfig struct {
	Views     schema.Ref     `hcl:"views" ref:"views" doc:"What to learn from."`
	Epochs    int            `hcl:"epochs,optional" min:"1" doc:"Passes."`
	Rates     []float64      `hcl:"rates,optional" doc:"Rates."`
	Seeds     int            `hcl:"seeds,optional" min:"0" max:"1000" fingerprint:"-" doc:"Repetitions."`
	Threads   int            `hcl:"threads,optional" min:"1" doc:"CPU threads."`
	Pretext   schema.Choice  `family:"pretext" required:"true" doc:"The task."`
	Backbone  schema.Choice  `family:"backbone" doc:"The network."`
	Optimizer *schema.Choice `family:"optimizer" doc:"The optimiser."`
	Stop      *stopping      `hcl:"early_stopping,block" doc:"When to stop."`
}

type rotation struct{}

type jigsaw struct {
	Grid         int `hcl:"grid,optional" doc:"Patches a side."`
	Permutations int `hcl:"permutations,optional" doc:"Classes."`
}

func (j *jigsaw) Validate() []schema.Problem {
	if j.Grid < 2 {
		return []schema.Problem{{Field: "grid", Message: fmt.Sprintf("grid must be at least 2, not %d.", j.Grid)}}
	}
	return nil
}

type mobilenet struct {
	Alpha   float64 `hcl:"alpha,optional" doc:"Width."`
	Strides []int   `hcl:"strides,optional" min:"1" doc:"Strides."`
}

type sgd struct {
	LearningRate float64 `hcl:"learning_rate" doc:"Base rate."`
}

type finetuneConfig struct {
	Data   schema.Ref  `hcl:"data" ref:"dataset" doc:"Labelled images."`
	Init   schema.Ref  `hcl:"init,optional" ref:"encoder" doc:"Where weights come from."`
	Labels []int       `hcl:"labels_per_class,optional" min:"1" fingerprint:"-" doc:"Budgets."`
	Mode   string      `hcl:"mode,optional" doc:"full or linear."`
	Extra  *schema.Ref `doc:"Not for HCL: it has no tag."`
}

func (c *finetuneConfig) Validate() []schema.Problem {
	if !slices.Contains([]string{"full", "linear"}, c.Mode) {
		return []schema.Problem{{Field: "mode", Message: "mode is full or linear." + schema.DidYouMean(c.Mode, []string{"full", "linear"})}}
	}
	return nil
}

type evaluateConfig struct {
	Data     schema.Ref   `hcl:"data" ref:"dataset" doc:"Test images."`
	Baseline schema.Ref   `hcl:"baseline,optional" ref:"classifier" doc:"What to compare with."`
	Compare  []schema.Ref `hcl:"compare" ref:"classifier,encoder" doc:"What to compare."`
}

var transforms = schema.Family{Name: "transform", Variants: []schema.Variant{
	{Name: "crop", Doc: "Crop.", Version: 1, New: func() any { return &crop{Padding: 4} }},
	{Name: "flip", Doc: "Flip.", Version: 1, New: func() any { return &flip{Horizontal: true} }},
}}

func pretexts(jigsawVersion int) schema.Family {
	return schema.Family{Name: "pretext", Variants: []schema.Variant{
		{Name: "jigsaw", Doc: "Jigsaw.", Version: jigsawVersion, New: func() any { return &jigsaw{Grid: 3, Permutations: 100} }},
		{Name: "rotation", Doc: "Rotation.", Version: 1, New: func() any { return &rotation{} }},
	}}
}

var backbones = schema.Family{Name: "backbone", Variants: []schema.Variant{
	{Name: "mobilenet_v2", Doc: "MobileNetV2.", Version: 1, New: func() any { return &mobilenet{Alpha: 1} }},
}}

var optimizers = schema.Family{Name: "optimizer", Variants: []schema.Variant{
	{Name: "sgd", Doc: "SGD.", Version: 1, New: func() any { return &sgd{} }},
}}

func noRun(context.Context, *plan.Env, any) (map[string]artifact.Output, error) { return nil, nil }

// fakeKinds are the kinds; versions are of the kind pretrain and of the variant
// jigsaw.
func fakeKinds(pretrainVersion, jigsawVersion int) []plan.Kind {
	return []plan.Kind{
		downloadKind(),
		{
			Name: "augment", Doc: "Augments.", Version: 1, Run: noRun,
			New:      func() any { return &augmentConfig{} },
			Families: map[string]schema.Family{"transform": transforms},
			Outputs:  []plan.Output{{Name: "views", Type: artifact.TypeViews, Doc: "Views."}},
			Check: func(cfg any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
				return map[string]plan.Facts{"views": in.One("data")}, cropProblems(cfg.(*augmentConfig), in.One("data"))
			},
		},
		pretrainKind(pretrainVersion, jigsawVersion),
		{
			Name: "finetune", Doc: "Trains.", Version: 1, Run: noRun,
			New:     func() any { return &finetuneConfig{Labels: []int{10}, Mode: "full"} },
			Outputs: []plan.Output{{Name: "classifier", Type: artifact.TypeClassifier, Doc: "Classifier."}},
			Expand:  func(cfg any, p plan.Pipeline) []plan.Coord { return budgets(cfg.(*finetuneConfig).Labels, p.Seeds) },
			Check:   checkFinetune,
		},
		{
			Name: "evaluate", Doc: "Evaluates.", Version: 1, Run: noRun,
			New:     func() any { return &evaluateConfig{} },
			Outputs: []plan.Output{{Name: "metrics", Type: artifact.TypeMetrics, Doc: "Numbers."}},
		},
	}
}

func downloadKind() plan.Kind {
	k := plan.Kind{
		Name: "download", Doc: "Downloads.", Version: 1, Run: noRun,
		New: func() any { return &downloadConfig{Size: 28} },
		Check: func(cfg any, _ plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
			facts := map[string]plan.Facts{}
			for _, split := range []string{"unlabelled", "train", "test"} {
				facts[split] = plan.Facts{Shape: [3]int{cfg.(*downloadConfig).Size, cfg.(*downloadConfig).Size, 1}, Split: split}
			}
			return facts, nil
		},
	}
	for _, split := range []string{"unlabelled", "train", "test"} {
		k.Outputs = append(k.Outputs, plan.Output{Name: split, Type: artifact.TypeDataset, Doc: "Split."})
	}
	return k
}

func cropProblems(c *augmentConfig, facts plan.Facts) []schema.Problem {
	for i, t := range c.Transforms {
		if crop, ok := t.Config.(*crop); ok && crop.Padding > facts.Shape[0] {
			return []schema.Problem{{Field: fmt.Sprintf("transform[%d].padding", i), Message: "More padding than image."}}
		}
	}
	return nil
}

func pretrainKind(version, jigsawVersion int) plan.Kind {
	return plan.Kind{
		Name: "pretrain", Doc: "Pre-trains.", Version: version, Run: noRun,
		New: func() any {
			return &pretrainConfig{Epochs: 12, Threads: 1,
				Backbone: schema.Choice{Name: "mobilenet_v2", Version: 1, Config: &mobilenet{Alpha: 1}}}
		},
		Families: map[string]schema.Family{"pretext": pretexts(jigsawVersion), "backbone": backbones, "optimizer": optimizers},
		Outputs:  []plan.Output{{Name: "encoder", Type: artifact.TypeEncoder, Doc: "Encoder."}},
		Expand: func(cfg any, p plan.Pipeline) []plan.Coord {
			seeds := cfg.(*pretrainConfig).Seeds
			if seeds == 0 {
				seeds = p.Seeds
			}
			return seedCoords(seeds)
		},
		Check: func(_ any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
			if in.One("views").Split == "test" {
				return nil, []schema.Problem{{Field: "views", Message: "Test data cannot be trained on."}}
			}
			return map[string]plan.Facts{"encoder": in.One("views")}, nil
		},
	}
}

func checkFinetune(_ any, in plan.Inputs) (map[string]plan.Facts, []schema.Problem) {
	data, encoder := in.One("data"), in.One("init")
	if encoder.Shape != [3]int{} && encoder.Shape != data.Shape {
		return nil, []schema.Problem{{Field: "init", Message: fmt.Sprintf("The encoder reads %v images, and data has %v.", encoder.Shape, data.Shape)}}
	}
	return map[string]plan.Facts{"classifier": data}, nil
}

func seedCoords(n int) []plan.Coord {
	var coords []plan.Coord
	for s := range n {
		coords = append(coords, plan.Coord{"seed": s})
	}
	return coords
}

func budgets(labels []int, seeds int) []plan.Coord {
	var coords []plan.Coord
	for _, n := range labels {
		for s := range seeds {
			coords = append(coords, plan.Coord{"labels": n, "seed": s})
		}
	}
	return coords
}

// given are values as --var gives them.
func given(vars map[string]string) []plan.Given {
	var all []plan.Given
	for _, name := range slices.Sorted(maps.Keys(vars)) {
		all = append(all, plan.Given{Var: name + "=" + vars[name]})
	}
	return all
}
