package tf

import (
	"fmt"

	graft "github.com/wamuir/graft/tensorflow"
)

// FLOPs returns the floating-point operations of one run of everything that g
// holds so far, from static shapes: convolutions and matrix products, forward
// and backward, a multiply-add counting as two. What the other operations do is
// left out, as papers do. Gradients hold that of the first layer's input too,
// which training does not run. Where a shape is open (a batch of -1), the number
// is not known, and that is an error.
func (g *Graph) FLOPs() (int64, error) {
	if g.err != nil {
		return 0, g.err
	}
	var total int64
	for _, op := range g.graph.Operations() {
		count, ok := products[op.Type()]
		if !ok {
			continue
		}
		n, err := count(&op, g.shared)
		if err != nil {
			return 0, fmt.Errorf("count operations of %s %s: %w", op.Type(), op.Name(), err)
		}
		total += 2 * n
	}
	return total * int64(g.Replicas()), nil
}

// products are the operations that FLOPs knows, each with its multiply-adds.
var products = map[string]func(op *graft.Operation, of *shared) (int64, error){
	"Conv2D":                              convolution{maps: result, filter: input(1)}.multiplyAdds,
	"Conv2DBackpropInput":                 convolution{maps: input(2), filter: input(1)}.multiplyAdds,
	"Conv2DBackpropFilter":                convolution{maps: input(2), filter: result}.multiplyAdds,
	"DepthwiseConv2dNative":               convolution{maps: result, filter: input(1), depthwise: true}.multiplyAdds,
	"DepthwiseConv2dNativeBackpropInput":  convolution{maps: input(2), filter: input(1), depthwise: true}.multiplyAdds,
	"DepthwiseConv2dNativeBackpropFilter": convolution{maps: input(2), filter: result, depthwise: true}.multiplyAdds,
	"MatMul":                              matrixProduct("transpose_a"),
	"BatchMatMul":                         matrixProduct("adj_x"),
	"BatchMatMulV2":                       matrixProduct("adj_x"),
	"BatchMatMulV3":                       matrixProduct("adj_x"),
	"SslpipeConvNorm":                     fusedMultiplyAdds,
	"SslpipeConvNormGrad":                 fusedMultiplyAdds,
	"SslpipeInvertedResidual":             fusedMultiplyAdds,
	"SslpipeInvertedResidualGrad":         fusedMultiplyAdds,
	"SslpipeDense":                        denseMultiplyAdds(result),
	"SslpipeDenseGrad":                    denseMultiplyAdds(input(3), "input_gradient", "kernel_gradient"),
	"SslpipeAttention":                    attentionMultiplyAdds(1),
	"SslpipeAttentionGrad":                attentionMultiplyAdds(2),
}

// operand finds a tensor of an operation.
type operand func(op *graft.Operation) graft.Output

func input(i int) operand {
	return func(op *graft.Operation) graft.Output { return graft.Consumer{Op: op, Index: i}.Producer() }
}

func result(op *graft.Operation) graft.Output { return op.Output(0) }

// convolution says where an operation has the maps that a convolution makes, or
// their gradient, and its filter [h, w, in, out]. In all directions, each element
// of the maps meets each weight of its filter once.
type convolution struct {
	maps, filter operand
	depthwise    bool
}

func (c convolution) multiplyAdds(op *graft.Operation, of *shared) (int64, error) {
	maps, err := knownShape(c.maps(op), of)
	if err != nil {
		return 0, err
	}
	filter, err := knownShape(c.filter(op), of)
	if err != nil {
		return 0, err
	}
	if len(filter) != 4 {
		return 0, fmt.Errorf("the filter has shape %s", filter)
	}
	n := elementsOf(maps) * filter[0] * filter[1]
	if !c.depthwise {
		n *= filter[2]
	}
	return n, nil
}

// matrixProduct counts an operation that multiplies the last two axes of its
// inputs, the first one transposed where the attribute says so.
func matrixProduct(transposed string) func(op *graft.Operation, of *shared) (int64, error) {
	return func(op *graft.Operation, of *shared) (int64, error) {
		a, err := knownShape(input(0)(op), of)
		if err != nil {
			return 0, err
		}
		made, err := knownShape(op.Output(0), of)
		if err != nil {
			return 0, err
		}
		if len(a) < 2 {
			return 0, fmt.Errorf("the first factor has shape %s", a)
		}
		common := a[len(a)-1]
		if swap, err := op.Attr(transposed); err != nil {
			return 0, err
		} else if swap == true {
			common = a[len(a)-2]
		}
		return elementsOf(made) * common, nil
	}
}

func knownShape(out graft.Output, of *shared) (Shape, error) {
	o := Output{out: out, of: of}
	if s := o.Shape(); s.known() {
		return s, nil
	}
	return nil, fmt.Errorf("%s has the open shape %s: only graphs of fixed batch size can be counted", o.Name(), o.Shape())
}

func elementsOf(s Shape) int64 {
	n := int64(1)
	for _, d := range s {
		n *= d
	}
	return n
}

// fusedMultiplyAdds counts a fused layer, or its gradient, by its kernels: each
// element of the maps that a kernel makes meets each of its weights of one filter
// once, in the backward pass twice.
func fusedMultiplyAdds(op *graft.Operation, of *shared) (int64, error) {
	n, err := op.Attr("n")
	if err != nil {
		return 0, err
	}
	weights, gradient := int(n.(int64)), op.NumInputs() > 1+int(n.(int64))
	var total int64
	for i := 0; i < weights; i += 3 {
		maps := op.Output(1 + i)
		if gradient {
			maps = input(1 + weights + i)(op)
		}
		made, err := knownShape(maps, of)
		if err != nil {
			return 0, err
		}
		filter, err := knownShape(input(1+i)(op), of)
		if err != nil {
			return 0, err
		}
		products := elementsOf(made) * filter[0] * filter[1]
		if filter[3] == made[3] { // not depthwise
			products *= filter[2]
		}
		total += products
		if gradient && (i != firstKernel(weights) || op.Output(0).Shape().NumDimensions() == 4) {
			total += products
		}
	}
	return total, nil
}

// firstKernel is where the kernel that meets the input is among the weights.
func firstKernel(weights int) int {
	if weights > 6 {
		return 6
	}
	return 0
}

// denseMultiplyAdds counts a fused dense layer that has y, or its gradient there, or a
// gradient of it, which has as much for each attribute that is true.
func denseMultiplyAdds(y operand, gradients ...string) func(op *graft.Operation, of *shared) (int64, error) {
	return func(op *graft.Operation, of *shared) (int64, error) {
		out, err := knownShape(y(op), of)
		if err != nil {
			return 0, err
		}
		x, err := knownShape(input(0)(op), of)
		if err != nil {
			return 0, err
		}
		times := int64(1)
		if len(gradients) > 0 {
			times = 0
		}
		for _, name := range gradients {
			if made, err := op.Attr(name); err != nil {
				return 0, err
			} else if made == true {
				times++
			}
		}
		return times * elementsOf(out) * x[len(x)-1], nil
	}
}

// attentionMultiplyAdds counts two products of all positions with all others in each
// direction: what is hidden or later counts too, and that weights are made a second
// time does not.
func attentionMultiplyAdds(directions int64) func(op *graft.Operation, of *shared) (int64, error) {
	return func(op *graft.Operation, of *shared) (int64, error) {
		q, err := knownShape(input(0)(op), of)
		if err != nil {
			return 0, err
		}
		return 2 * directions * elementsOf(q) * q[1], nil
	}
}
