package changes_test

import (
	"context"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// The kinds of stage of these tests. They compute nothing.

type downloadConfig struct {
	Path    string            `hcl:"path,optional" file:"true" doc:"Images."`
	Size    int               `hcl:"size,optional" doc:"Side in pixels."`
	Classes map[string]string `hcl:"classes,optional" doc:"Classes to keep."`
}

type augmentConfig struct {
	Data       schema.Ref      `hcl:"data" ref:"dataset" doc:"Images."`
	Transforms []schema.Choice `blocks:"transform" doc:"Transforms, in order."`
}

type pretrainConfig struct {
	Views     schema.Ref      `hcl:"views" ref:"views" doc:"What to learn from."`
	Epochs    int             `hcl:"epochs,optional" doc:"Passes."`
	Rates     []float64       `hcl:"rates,optional" doc:"Rates."`
	Seeds     int             `hcl:"seeds,optional" fingerprint:"-" doc:"Repetitions."`
	Pretexts  []schema.Choice `family:"pretext" required:"true" doc:"The tasks."`
	Optimizer *schema.Choice  `family:"optimizer" doc:"The optimiser."`
	Stop      *stopping       `hcl:"early_stopping,block" doc:"When to stop."`
}

type stopping struct {
	Patience int `hcl:"patience" doc:"Epochs."`
}

type finetuneConfig struct {
	Data  schema.Ref `hcl:"data" ref:"dataset" doc:"Images."`
	Init  schema.Ref `hcl:"init,optional" ref:"encoder" doc:"Weights."`
	Mode  string     `hcl:"mode,optional" doc:"What learns."`
	Steps int        `hcl:"steps,optional" doc:"Steps."`
}

type evaluateConfig struct {
	Compare []schema.Ref `hcl:"compare" ref:"classifier" doc:"Arms."`
}

type crop struct {
	Padding int `hcl:"padding,optional" doc:"Pixels."`
}

type rotation struct {
	Weight float64 `hcl:"weight,optional" doc:"Weight."`
	Angles int     `hcl:"angles,optional" doc:"Angles."`
}

type jigsaw struct {
	Weight float64 `hcl:"weight,optional" doc:"Weight."`
	Grid   int     `hcl:"grid,optional" doc:"Patches a side."`
}

type rate struct {
	LearningRate float64 `hcl:"learning_rate,optional" doc:"Rate."`
}

func family(name string, variants map[string]func() any, order ...string) schema.Family {
	f := schema.Family{Name: name}
	for _, v := range order {
		f.Variants = append(f.Variants, schema.Variant{Name: v, Doc: "Variant.", New: variants[v]})
	}
	return f
}

var families = map[string]schema.Family{
	"transform": family("transform", map[string]func() any{
		"crop": func() any { return &crop{Padding: 4} }, "flip": func() any { return &struct{}{} }, "grey": func() any { return &struct{}{} },
	}, "crop", "flip", "grey"),
	"pretext": family("pretext", map[string]func() any{
		"rotation": func() any { return &rotation{Weight: 1, Angles: 4} }, "jigsaw": func() any { return &jigsaw{Weight: 1, Grid: 3} },
	}, "rotation", "jigsaw"),
	"optimizer": family("optimizer", map[string]func() any{
		"sgd": func() any { return &rate{LearningRate: 0.1} }, "adam": func() any { return &rate{LearningRate: 0.1} },
	}, "sgd", "adam"),
}

func noRun(context.Context, *plan.Env, any) (map[string]artifact.Output, error) { return nil, nil }

func kinds() []plan.Kind {
	all := []plan.Kind{
		{Name: "download", New: func() any { return &downloadConfig{Size: 28} }, Outputs: outputs("dataset", "unlabelled", "train")},
		{Name: "augment", New: func() any { return &augmentConfig{} }, Outputs: outputs("views", "views")},
		{Name: "pretrain", New: func() any { return &pretrainConfig{Epochs: 12} }, Outputs: outputs("encoder", "encoder"), Expand: seeds},
		{Name: "finetune", New: func() any { return &finetuneConfig{Mode: "full", Steps: 100} }, Outputs: outputs("classifier", "classifier"), Expand: seeds},
		{Name: "evaluate", New: func() any { return &evaluateConfig{} }, Outputs: outputs("metrics", "metrics")},
	}
	for i := range all {
		all[i].Doc, all[i].Version, all[i].Families, all[i].Run = "Kind.", 1, families, noRun
	}
	return all
}

func outputs(typ artifact.Type, names ...string) []plan.Output {
	var all []plan.Output
	for _, name := range names {
		all = append(all, plan.Output{Name: name, Type: typ, Doc: "Output."})
	}
	return all
}

func seeds(cfg any, p plan.Pipeline) []plan.Coord {
	n := p.Seeds
	if c, ok := cfg.(*pretrainConfig); ok && c.Seeds > 0 {
		n = c.Seeds
	}
	var coords []plan.Coord
	for s := range n {
		coords = append(coords, plan.Coord{"seed": s})
	}
	return coords
}
