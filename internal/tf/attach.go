package tf

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
)

// build adds everything to the graph. Its errors are the graph's.
func (a *attachment) build(c *checkpoint) []Signature {
	g := a.g
	for _, n := range a.def.GetNode() {
		g.roots[rootOf(n.GetName())] = true
	}
	shape := a.call.Input.Shape
	images := g.Placeholder(g.freeRoot("images"), Float32, int(shape[0]), a.o.Input[0], a.o.Input[1], a.o.Input[2])
	a.importAround(a.pixels(images), c)
	features := a.named("features", a.vectors())
	inputs := map[string]Output{"images": images}
	vectors := map[string]Output{"features": features}
	serving := vectors
	if a.o.Head != nil {
		logits, probabilities := a.head(features)
		serving = map[string]Output{"logits": a.named("logits", logits), "probabilities": a.named("probabilities", probabilities)}
	}
	return []Signature{
		{Name: servingSignature, Inputs: inputs, Outputs: serving},
		{Name: featuresSignature, Inputs: inputs, Outputs: vectors},
		{Name: kerasSignature, Inputs: inputs, Outputs: serving},
	}
}

func (a *attachment) named(name string, x Output) Output {
	return a.g.OpNamed(a.g.freeRoot(name), "Identity", nil, x)[0]
}

// pixels turns images into what the model wants to see.
func (a *attachment) pixels(x Output) Output {
	root := a.g.freeRoot("pixels")
	g, shape := a.g.Scope(root), a.call.Input.Shape
	if h, w := int(shape[1]), int(shape[2]); h > 0 && w > 0 && (h != a.o.Input[0] || w != a.o.Input[1]) {
		x = g.ResizeBilinear(x, h, w)
	}
	if int64(a.o.Input[2]) != shape[3] {
		x = g.Op("Tile", nil, x, g.Ints(1, 1, 1, int(shape[3])))[0]
	}
	switch scale := a.o.Scale; {
	case len(a.vars) == 0 && a.o.Head == nil:
		// A frozen model without a head: one variable makes it a model like all
		// others, for readers that expect a checkpoint.
		if len(scale) == 0 {
			scale = []float32{1}
		}
		x = g.Mul(x, a.variable(root+"/scale", scale, false, len(scale)))
	case len(scale) > 0:
		x = g.Mul(x, g.Const(scale))
	}
	if len(a.o.Offset) > 0 {
		x = g.Add(x, g.Const(a.o.Offset))
	}
	return x
}

// importAround puts the old model's nodes into the graph, with x for its input.
func (a *attachment) importAround(x Output, c *checkpoint) {
	if a.g.err != nil {
		return
	}
	raw, err := proto.Marshal(a.def)
	if err == nil {
		var options graft.GraphImportOptions
		options.AddInputMapping(a.input, 0, x.out)
		err = a.g.graph.ImportWithOptions(raw, options)
	}
	if err != nil {
		a.g.fail(fmt.Errorf("copy the model's graph: %w", err))
		return
	}
	for _, v := range a.vars {
		e := c.index[v.key]
		added := &Variable{Name: v.name, DType: e.DType, Shape: e.Shape, Trainable: v.trainable, g: a.g}
		added.handle = a.tensor(v.name + ":0")
		read := v.name + "/Read/ReadVariableOp"
		if op := a.g.graph.Operation(read); op != nil && op.Type() == "ReadVariableOp" {
			added.read = a.tensor(read + ":0")
		} else {
			added.read = a.g.OpNamed(read, "ReadVariableOp", Attrs{"dtype": e.DType}, added.handle)[0]
		}
		a.g.vars = append(a.g.vars, added)
	}
}

// vectors returns the old model's output as [N, D].
func (a *attachment) vectors() Output {
	x, shape := a.tensor(a.call.Output.tensor), a.call.Output.Shape
	if len(shape) == 4 {
		x = a.g.Mean(x, false, 1, 2)
	}
	// Functions hide the shapes of what they return.
	if n := a.features(); n > 0 {
		x = a.g.Reshape(x, -1, n)
	}
	return x
}

// features is the length of a feature vector; -1 if only a run can tell.
func (a *attachment) features() int {
	shape := a.call.Output.Shape[1:]
	if len(shape) == 3 {
		shape = shape[2:]
	}
	n := 1
	for _, d := range shape {
		if d < 0 {
			return -1
		}
		n *= int(d)
	}
	return n
}

// head builds the head, whose variables are the newest of the graph.
func (a *attachment) head(features Output) (logits, probabilities Output) {
	root, before := a.g.freeRoot("head"), len(a.g.vars)
	logits, probabilities = a.o.Head.Build(a.g, root, features)
	for _, v := range a.g.vars[before:] {
		values, ok := a.o.Head.Values[strings.TrimPrefix(v.Name, root+"/")]
		if !ok {
			return a.g.Failf("variable %s of the head has no value", v.Name), Output{}
		}
		a.own = append(a.own, ownVariable{v.Name, values, v.Shape.Ints()})
	}
	return logits, probabilities
}

func (a *attachment) variable(name string, values []float32, trainable bool, dims ...int) Output {
	a.own = append(a.own, ownVariable{name, values, dims})
	shape := make(Shape, len(dims))
	for i, d := range dims {
		shape[i] = int64(d)
	}
	return a.g.Variable(name, Float32, shape, nil, trainable).Read()
}

// tensor finds a tensor by its name, "node:0".
func (a *attachment) tensor(name string) Output {
	if a.g.err != nil {
		return Output{}
	}
	found, err := a.g.resolve(map[string]graft.TensorInfo{"": {Name: name}})
	if err != nil {
		return a.g.Failf("the model lacks tensor %s: %w", name, err)
	}
	return found[""]
}
