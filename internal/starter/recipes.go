package starter

import (
	"maps"
	"slices"
)

// recipe is how a pretext task is trained. Rates are those of pipelines/, chosen
// on Fashion-MNIST; seconds are what the pre-training of docs/results.md took.
type recipe struct {
	Rate    string
	Strong  bool    // compares views, which colours and small crops must make hard
	Seconds float64 // of measuredReads images of measuredSide pixels, on one core
	Block   string  // settings of the task; "" takes its defaults
}

const (
	measuredReads = 718 * 64
	measuredSide  = 28
)

// recipes has the tasks that a first pipeline can name. Not included: supervised,
// which reads labels and is the control of a later experiment, and masked_autoencoder,
// which needs a network of patches, where a first pipeline has MobileNetV2.
var recipes = map[string]recipe{
	"rotation":       {Rate: "1e-2", Seconds: 135},
	"jigsaw":         {Rate: "1e-2", Seconds: 99},
	"relative_patch": {Rate: "1e-2", Seconds: 101, Block: "{ enlarge = 2 }"},
	"inpaint":        {Rate: "1e-2", Seconds: 51},
	"masked_image":   {Rate: "1e-2", Seconds: 73},
	"simclr":         {Rate: "1e-2", Seconds: 81, Strong: true},
	"moco":           {Rate: "1e-2", Seconds: 158, Strong: true},
	"byol":           {Rate: "1e-2", Seconds: 129, Strong: true},
	"simsiam":        {Rate: "3e-3", Seconds: 97, Strong: true},
	"barlow_twins":   {Rate: "2e-2", Seconds: 94, Strong: true},
	"vicreg":         {Rate: "1e-2", Seconds: 92, Strong: true},
	"swav":           {Rate: "1e-3", Seconds: 74, Strong: true, Block: "{\n prototypes = 32\n temperature = 0.2\n }"},
}

// Pretexts lists the tasks that a first pipeline can name, sorted.
func Pretexts() []string { return slices.Sorted(maps.Keys(recipes)) }
