package tf

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"errors"
	"maps"
	"slices"
	"unsafe"

	// The compiled code of the operations below.
	_ "sslpipe/internal/kernels"
)

// Layer is a convolution with its batch-norm: kernel [k, k, C, F] (depthwise
// [3, 3, C, 1]), and scale and offset [F] or [C].
type Layer struct{ Kernel, Gamma, Beta Output }

// Statistics are those that a batch-norm has taken from its batch, each
// [groups, C], the variance divided by the number of values. They have no gradient.
type Statistics struct{ Mean, Variance Output }

// FusedConvNorm is Relu6(batch-norm(Conv2D(x))) with SAME padding and the
// statistics of each of groups equal parts of the batch, as one operation on the
// CPU (package kernels). x is float32 [N, H, W, C] with known H, W, C.
func (g *Graph) FusedConvNorm(x Output, l Layer, stride, groups int, epsilon float64) (Output, Statistics) {
	f := &fusedBlock{typ: "SslpipeConvNorm", x: x, layers: []Layer{l},
		attrs: Attrs{"stride": stride, "groups": groups, "epsilon": epsilon}}
	if g.err != nil {
		return Output{}, Statistics{}
	}
	out := Shape{x.Shape()[0], shrunk(x.Shape()[1], stride), shrunk(x.Shape()[2], stride), l.Kernel.Shape()[3]}
	y, s := g.fuse(f, out, []Shape{out}, groups)
	return y, s[0]
}

// FusedInvertedResidual is the block of MobileNetV2 (Sandler et al., CVPR 2018,
// arXiv:1801.04381) as one operation on the CPU (package kernels): the layers
// expand, unless it is the zero Layer, depthwise of that stride, and project, each
// with batch-norm over groups equal parts of the batch, the first two with Relu6;
// and x is added where residual. The statistics come in the order of the layers.
func (g *Graph) FusedInvertedResidual(x Output, expand, depthwise, project Layer, stride, groups int, epsilon float64, residual bool) (Output, []Statistics) {
	f := &fusedBlock{typ: "SslpipeInvertedResidual", x: x, layers: []Layer{depthwise, project},
		attrs: Attrs{"stride": stride, "groups": groups, "epsilon": epsilon, "residual": residual}}
	if g.err != nil {
		return Output{}, make([]Statistics, 3)
	}
	in := x.Shape()
	wide := Shape{in[0], shrunk(in[1], stride), shrunk(in[2], stride), depthwise.Kernel.Shape()[2]}
	out := Shape{wide[0], wide[1], wide[2], project.Kernel.Shape()[3]}
	before := []Shape{wide, out}
	if expand.Kernel.Valid() {
		f.layers = append(f.layers, expand)
		before = append(before, Shape{in[0], in[1], in[2], wide[3]})
	}
	y, s := g.fuse(f, out, before, groups)
	if len(s) == 3 {
		s = []Statistics{s[2], s[0], s[1]}
	}
	return y, s
}

func shrunk(size int64, stride int) int64 { return (size + int64(stride) - 1) / int64(stride) }

// fusedLayer is an operation whose gradient TensorFlow's builder does not know.
// What others read of it stops gradients, so that the builder never meets it, and
// throughFused leads them around it.
type fusedLayer struct {
	inputs []Output // those that gradients flow to
	y      Output   // behind StopGradient: what others read
	// gradients adds the operation's gradient for that of y, and returns those of the
	// inputs; the zero Output stands for one that is not wanted.
	gradients func(dy Output, wanted []bool) []Output
}

// around makes y the output of a fused layer.
func (g *Graph) around(y Output, inputs []Output, gradients func(dy Output, wanted []bool) []Output) Output {
	if g.err != nil {
		return Output{}
	}
	f := &fusedLayer{inputs: inputs, y: g.StopGradient(y), gradients: gradients}
	g.fused = append(g.fused, f)
	return f.y
}

// fusedBlock is a fused layer of convolutions.
type fusedBlock struct {
	typ    string
	attrs  Attrs
	x      Output
	layers []Layer
	saved  []Output
}

// inputs are x, then the weights.
func (f *fusedBlock) inputs() []Output {
	in := []Output{f.x}
	for _, l := range f.layers {
		in = append(in, l.Kernel, l.Gamma, l.Beta)
	}
	return in
}

// fuse adds the operation; y and the maps before batch-norm have these shapes.
func (g *Graph) fuse(f *fusedBlock, y Shape, before []Shape, groups int) (Output, []Statistics) {
	statistics := make([]Statistics, len(before))
	in := f.inputs()
	f.attrs["n"] = len(in) - 1
	outs := g.build(f.typ, "", f.attrs, []argument{{one: f.x}, {list: in[1:], isList: true}})
	if g.err != nil {
		return Output{}, statistics
	}
	f.saved = outs[1:]
	g.setShape(outs[0], y)
	for i, m := range before {
		g.setShape(outs[1+3*i], m)
		s := Statistics{Mean: outs[2+3*i], Variance: outs[3+3*i]}
		g.setShape(s.Mean, Shape{int64(groups), m[3]})
		g.setShape(s.Variance, Shape{int64(groups), m[3]})
		statistics[i] = s
	}
	gradients := func(dy Output, wanted []bool) []Output { return g.blockGradients(f, dy, wanted) }
	return g.around(outs[0], in, gradients), statistics
}

// setShape tells the graph a shape that it could not find out.
func (g *Graph) setShape(o Output, s Shape) {
	if g.err != nil {
		return
	}
	status := C.TF_NewStatus()
	defer C.TF_DeleteStatus(status)
	at := C.TF_Output{oper: (*C.TF_Operation)(handle(o.out.Op)), index: C.int(o.out.Index)}
	C.TF_GraphSetTensorShape((*C.TF_Graph)(handle(g.graph)), at, (*C.int64_t)(unsafe.SliceData(s)), C.int(len(s)), status)
	if C.TF_GetCode(status) != C.TF_OK {
		g.fail(errors.New(C.GoString(C.TF_Message(status))))
	}
}

// blockGradients are those of x, unless that is not wanted, and of all weights.
func (g *Graph) blockGradients(f *fusedBlock, dy Output, wanted []bool) []Output {
	attrs := maps.Clone(f.attrs)
	attrs["input_gradient"] = wanted[0]
	in := f.inputs()
	outs := g.backward().build(f.typ+"Grad", "", attrs, []argument{{one: f.x}, {list: in[1:], isList: true}, {list: f.saved, isList: true}, {one: dy}})
	return g.gradientsOf(in, outs, append([]bool{wanted[0]}, slices.Repeat([]bool{true}, len(in)-1)...))
}

// backward is the view that gradients of fused layers are built in.
func (g *Graph) backward() *Graph { return g.root().Scope("fused_gradients") }

// gradientsOf returns outs as the gradients of inputs: those that were made have their shapes.
func (g *Graph) gradientsOf(inputs, outs []Output, made []bool) []Output {
	grads := make([]Output, len(inputs))
	if g.err != nil {
		return grads
	}
	for i, in := range inputs {
		if made[i] {
			grads[i] = outs[i]
			g.setShape(grads[i], in.Shape())
		}
	}
	return grads
}
