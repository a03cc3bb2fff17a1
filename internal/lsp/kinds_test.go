package lsp_test

import (
	"context"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/artifact"
	"sslpipe/internal/format"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/lsp"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

type hclDiagnostics = hcl.Diagnostics

// The kinds of stage of these tests. They compute nothing.

type downloadConfig struct {
	Source string `hcl:"source" enum:"mnist,cifar-10" doc:"Known data set."`
	Colour bool   `hcl:"colour,optional" doc:"Keep colours."`
}

type augmentConfig struct {
	Data       schema.Ref      `hcl:"data" ref:"dataset" doc:"Images."`
	Transforms []schema.Choice `blocks:"transform" doc:"Transforms, in order."`
}

type crop struct {
	Padding int `hcl:"padding,optional" min:"0" doc:"Pixels."`
}

type pretrainConfig struct {
	Epochs  int            `hcl:"epochs,optional" min:"1" doc:"Passes."`
	Views   schema.Ref     `hcl:"views" ref:"views" doc:"What to learn from."`
	Init    schema.Ref     `hcl:"init,optional" ref:"encoder" doc:"Weights to start from."`
	Pretext schema.Choice  `family:"pretext" required:"true" doc:"The task."`
	Stop    *stopping      `hcl:"stop,block" doc:"When to stop."`
	Extra   []schema.Ref   `hcl:"extra,optional" ref:"encoder" doc:"Others."`
	Head    *schema.Choice `family:"head" doc:"On top."`
}

type stopping struct {
	Patience int `hcl:"patience" min:"1" doc:"Epochs without progress."`
}

type rotation struct{}

type jigsaw struct {
	Grid int `hcl:"grid,optional" min:"2" doc:"Patches a side."`
}

var pretexts = schema.Family{Name: "pretext", Variants: []schema.Variant{
	{Name: "rotation", Doc: "Predict turns.", Paper: "Gidaris 2018", Cost: "4 passes", Version: 1, New: func() any { return &rotation{} }},
	{Name: "jigsaw", Doc: "Order tiles.", Version: 1, New: func() any { return &jigsaw{Grid: 3} }},
}}

var transforms = schema.Family{Name: "transform", Variants: []schema.Variant{
	{Name: "crop", Doc: "Shift the image.", Version: 1, New: func() any { return &crop{Padding: 4} }},
	{Name: "flip", Doc: "Mirror the image.", Version: 1, New: func() any { return &rotation{} }},
}}

var heads = schema.Family{Name: "head", Variants: []schema.Variant{
	{Name: "linear", Doc: "One layer.", Version: 1, New: func() any { return &rotation{} }},
}}

func run(context.Context, *plan.Env, any) (map[string]artifact.Output, error) { return nil, nil }

var kinds = []plan.Kind{
	{
		Name: "download", Doc: "Gets images.", Version: 1, Run: run, New: func() any { return &downloadConfig{} },
		Outputs: []plan.Output{
			{Name: "train", Type: artifact.TypeDataset, Doc: "To learn from."},
			{Name: "test", Type: artifact.TypeDataset, Doc: "To judge by."},
		},
	},
	{
		Name: "augment", Doc: "Changes images.", Version: 1, Run: run, New: func() any { return &augmentConfig{} },
		Families: map[string]schema.Family{"transform": transforms},
		Outputs:  []plan.Output{{Name: "views", Type: artifact.TypeViews, Doc: "Changed images."}},
	},
	{
		Name: "pretrain", Doc: "Trains an encoder.", Version: 1, Run: run, New: func() any { return &pretrainConfig{Epochs: 20} },
		Families: map[string]schema.Family{"pretext": pretexts, "head": heads},
		Outputs:  []plan.Output{{Name: "encoder", Type: artifact.TypeEncoder, Doc: "The encoder."}},
	},
}

func options() lsp.Options {
	return lsp.Options{
		Kinds: kinds,
		Note: func(f schema.Field) string {
			if f.Required {
				return f.Type.String() + ", required"
			}
			return f.Type.String()
		},
		ValueDoc: func(f schema.Field, value string) string {
			if f.Name == "source" && value == "cifar-10" {
				return "Things."
			}
			return ""
		},
		Plan: func(paths []string, read hclspec.Read) (*plan.Plan, hcl.Diagnostics) {
			if paths[0] == "/work/panic.hcl" {
				panic("a bug in the planner")
			}
			return plan.Load(paths, kinds, plan.Options{Read: read})
		},
		Format: format.Source,
	}
}
