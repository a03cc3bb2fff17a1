package tf

import (
	"slices"
	"unsafe"

	graft "github.com/wamuir/graft/tensorflow"
)

// place is an output by TensorFlow's own pointer: graft makes a new Operation
// whenever it is asked for one.
type place struct {
	op    unsafe.Pointer
	index int
}

func placeOf(o graft.Output) place { return place{handle(o.Op), o.Index} }

// around walks from the ys of gradients back to the xs, around fused layers. The
// goals of a part of the way are xs and the outputs of fused layers.
type around struct {
	g      *Graph
	xs     map[place]int // the first of equal ones
	layers map[place]*fusedLayer
	grads  map[place][]Output // parts of the gradient of each goal
	leads  map[*fusedLayer]bool
	known  map[place][]Output // the goals that an output is made of
}

// throughFused is GradientsSeeded in a graph with fused layers: TensorFlow's
// builder does what is between them, from the last to the first.
func (g *Graph) throughFused(ys, seeds, xs []Output) []Output {
	a := &around{g: g, xs: map[place]int{}, layers: map[place]*fusedLayer{}, grads: map[place][]Output{},
		leads: map[*fusedLayer]bool{}, known: map[place][]Output{}}
	for i, x := range slices.Backward(xs) {
		a.xs[placeOf(x.out)] = i
	}
	for _, f := range g.fused {
		a.layers[placeOf(f.y.out)] = f
	}
	a.flow(ys, seeds)
	for _, f := range slices.Backward(slices.Clone(g.fused)) {
		a.cross(f)
	}
	outs := make([]Output, len(xs))
	for i, x := range xs {
		parts := a.grads[placeOf(x.out)]
		if g.err == nil && len(parts) == 0 {
			g.noGradient(ys, x)
		}
		outs[i] = g.total(parts)
	}
	return outs
}

// cross takes the gradient of a fused layer's output to its inputs.
func (a *around) cross(f *fusedLayer) {
	at := placeOf(f.y.out)
	if len(a.grads[at]) == 0 || a.g.err != nil {
		return
	}
	dy := a.g.total(a.grads[at])
	a.grads[at] = []Output{dy}
	wanted := make([]bool, len(f.inputs))
	for i, in := range f.inputs {
		wanted[i] = a.useful(in)
	}
	if !slices.Contains(wanted, true) {
		return
	}
	var ys, seeds []Output
	grads := f.gradients(dy, wanted)
	for i, in := range f.inputs {
		if grads[i].Valid() && wanted[i] {
			ys, seeds = append(ys, in), append(seeds, grads[i])
		}
	}
	a.flow(ys, seeds)
}

// flow adds the gradients of ys to those of the goals that they are made of.
func (a *around) flow(ys, seeds []Output) {
	var onYs, onSeeds, goals []Output
	listed := map[place]bool{}
	for i, y := range ys {
		if a.g.err != nil {
			return
		}
		found := a.goals(y)
		if len(found) == 1 && placeOf(found[0].out) == placeOf(y.out) {
			a.add(y, seeds[i])
			continue
		}
		if len(found) == 0 {
			continue
		}
		onYs, onSeeds = append(onYs, y), append(onSeeds, seeds[i])
		for _, o := range found {
			if at := placeOf(o.out); !listed[at] {
				listed[at] = true
				goals = append(goals, o)
			}
		}
	}
	if len(onYs) == 0 {
		return
	}
	for i, grad := range a.g.stockGradients(onYs, onSeeds, goals) {
		if grad.Valid() {
			a.add(goals[i], grad)
		}
	}
}

func (a *around) add(goal, grad Output) {
	at := placeOf(goal.out)
	a.grads[at] = append(a.grads[at], grad)
}

// goals lists the xs and the outputs of fused layers that y is, or is made of, by
// TensorFlow's own operations.
func (a *around) goals(y Output) []Output {
	if found, ok := a.known[placeOf(y.out)]; ok {
		return found
	}
	var found []Output
	seen, listed := map[unsafe.Pointer]bool{}, map[place]bool{}
	var visit func(o graft.Output)
	visit = func(o graft.Output) {
		at := placeOf(o)
		_, isX := a.xs[at]
		_, isLayer := a.layers[at]
		if (isX || isLayer) && !listed[at] {
			listed[at] = true
			found = append(found, Output{out: o, of: a.g.shared})
		}
		if isLayer || seen[at.op] {
			return
		}
		seen[at.op] = true
		for i := range o.Op.NumInputs() {
			visit(graft.Consumer{Op: o.Op, Index: i}.Producer())
		}
	}
	visit(y.out)
	a.known[placeOf(y.out)] = found
	return found
}

// useful tells whether any of these is, or is made of, an x.
func (a *around) useful(ys ...Output) bool {
	for _, y := range ys {
		for _, o := range a.goals(y) {
			at := placeOf(o.out)
			f, isLayer := a.layers[at]
			if _, isX := a.xs[at]; isX || !isLayer {
				return true
			}
			known, ok := a.leads[f]
			if !ok {
				known = a.useful(f.inputs...)
				a.leads[f] = known
			}
			if known {
				return true
			}
		}
	}
	return false
}

// total adds up the parts of a gradient.
func (g *Graph) total(parts []Output) Output {
	if len(parts) == 0 || g.err != nil {
		return Output{}
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return g.backward().AddN(parts)
}
