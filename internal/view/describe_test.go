package view

import (
	"io"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

type stopConfig struct {
	Patience int `hcl:"patience,optional" example:"4" doc:"Evaluations without improvement before training stops." min:"1"`
}

type trainConfig struct {
	Views    schema.Ref        `hcl:"views" ref:"views" example:"augment.crops" doc:"What the encoder sees."`
	Epochs   int               `hcl:"epochs,optional" min:"1" max:"1000" doc:"Passes over the images."`
	Rate     float64           `hcl:"learning_rate,optional" doc:"The rate at the top of the schedule; it is multiplied by the schedule's factor at every step, so that warm-up starts below it."`
	Labels   []int             `hcl:"labels_per_class,optional"`
	Mode     string            `hcl:"mode,optional" enum:"full,linear"`
	Extra    []schema.Ref      `hcl:"extra,optional" ref:"encoder,classifier"`
	Classes  map[string]string `hcl:"classes,optional"`
	Backbone schema.Choice     `family:"backbone" required:"true" example:"mobilenet_v2" doc:"The network."`
	Pretext  schema.Choice     `family:"pretext"`
	Views2   []schema.Choice   `blocks:"transform" doc:"Applied in the order written."`
	Stop     stopConfig        `hcl:"a_very_long_block_name_indeed,block" doc:"When to stop."`
}

type empty struct{}

var networks = schema.Family{Name: "backbone", Variants: []schema.Variant{
	{Name: "mobilenet_v2", Doc: "Inverted residuals with linear bottlenecks.", Paper: "Sandler et al., CVPR 2018, arXiv:1801.04381", New: func() any { return &stopConfig{Patience: 3} }},
	{Name: "tiny", Doc: "For tests.", New: func() any { return &empty{} }},
}}

func exampleKind() plan.Kind {
	return plan.Kind{
		Name: "train", Sample: "encoder",
		Doc: "Trains an encoder on images without labels, so that a classifier needs fewer labels later on.",
		New: func() any {
			return &trainConfig{Epochs: 12, Rate: 1e-3, Labels: []int{10, 100}, Mode: "full",
				Pretext: schema.Choice{Name: "rotation", Config: &empty{}}, Stop: stopConfig{Patience: 5}}
		},
		Families: map[string]schema.Family{"backbone": networks},
		Outputs:  []plan.Output{{Name: "encoder", Type: "encoder", Doc: "The trained network."}},
	}
}

func TestDescribe(t *testing.T) {
	l := Language{Kinds: []plan.Kind{exampleKind()}}
	text := render(t, func(w io.Writer) error {
		return Describe(w, Style{}, DescribeKind(exampleKind()), DescribeFamily(networks), l.describeVariant(networks, networks.Variants[0]))
	})
	noANSI(t, text)
	fits(t, text, 80)
	golden(t, "describe.txt", text)
}
