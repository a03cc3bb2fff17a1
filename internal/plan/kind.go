package plan

import (
	"context"

	"sslpipe/internal/artifact"
	"sslpipe/internal/schema"
)

// Kind is a kind of stage: what its blocks may say, what it hands on, and how a
// unit of it runs. It is a value in a list, never registered by a side effect.
type Kind struct {
	Name string
	Doc  string
	// Sample is the name that examples in documents give a stage of this kind.
	Sample string
	// Version is raised when code changes what the same configuration computes.
	Version int
	// New returns a pointer to a configuration struct that holds the defaults.
	New func() any
	// Families are the families that the configuration's tags name.
	Families map[string]schema.Family
	Outputs  []Output
	// Expand returns the coordinates of the stage's units, all with the same
	// keys; nil, or an empty result, makes one unit without coordinates.
	// Attributes that only Expand reads are tagged fingerprint:"-".
	Expand func(cfg any, p Pipeline) []Coord
	// Check returns what is known of each output before anything runs, and
	// what is wrong with the configuration given what is known of its inputs.
	// It may be nil. It is called only if everything upstream is in order.
	Check func(cfg any, in Inputs) (map[string]Facts, []schema.Problem)
	// Memory estimates how many bytes of main memory a unit needs at most, so
	// that units which do not fit beside each other are not run at once; 0 is
	// not known, which counts as nothing. It may be nil. MemoryBy names what it
	// grows with, first of all the attribute to lower where that is too much.
	Memory   func(cfg any, in Inputs) int64
	MemoryBy string
	// HostOnly says that units never compute on the device, so that they need
	// not wait for a GPU.
	HostOnly bool
	// Parallel tells whether several workers would train a unit together, each on a
	// part of the batch, and what keeps as many from it; nil is a kind whose units
	// always compute in one process.
	Parallel func(cfg any, workers int) (bool, []schema.Problem)
	// Shown tells the files of a result, by their paths, that a report shows: a run
	// that finds the result stored compares them with their digests. Nil is none.
	Shown func(path string) bool
	// Run does the work of one unit and returns one entry for each of Outputs.
	Run func(ctx context.Context, env *Env, cfg any) (map[string]artifact.Output, error)
}

// Output is something that a kind of stage hands on.
type Output struct {
	Name string
	Type artifact.Type
	Doc  string
}

// Output returns the output of that name.
func (k Kind) Output(name string) (Output, bool) {
	for _, o := range k.Outputs {
		if o.Name == name {
			return o, true
		}
	}
	return Output{}, false
}

// OutputNames returns the names of all outputs, in order.
func (k Kind) OutputNames() []string {
	names := make([]string, len(k.Outputs))
	for i, o := range k.Outputs {
		names[i] = o.Name
	}
	return names
}

// Fields describes what a block of this kind may contain.
func (k Kind) Fields() []schema.Field { return schema.Fields(k.New()) }

// Facts is what is known of an output before anything has run. A zero field
// means not known.
type Facts struct {
	// Shape is height, width and channels of the images, or of those that an
	// encoder or classifier reads; of text 1, the tokens of a sequence, and 1.
	Shape [3]int
	// Vocabulary is how many tokens a text may have at most; 0 for images.
	Vocabulary int
	// Classes are the names of the classes, in the order of the labels.
	Classes []string
	// Split is the split of a data set: "unlabelled", "train", "validation", "test".
	Split string
	// Backbone is the name of an encoder's architecture, and Blocks are the names of
	// its blocks, first to last.
	Backbone string
	Blocks   []string
	// Activations is how many values an encoder computes for one image, by which
	// the memory is estimated that it takes to train it.
	Activations int64
}

// Inputs is what is known of a stage's inputs, by the path of the field that
// refers to them.
type Inputs struct {
	facts map[string][]Facts
}

// One returns the facts of the first reference of a field; the zero Facts if it
// has none.
func (in Inputs) One(field string) Facts {
	if all := in.facts[field]; len(all) > 0 {
		return all[0]
	}
	return Facts{}
}

// All returns the facts of every reference of a field, in the order of the list.
func (in Inputs) All(field string) []Facts { return in.facts[field] }
