package nn

import (
	"maps"
	"slices"

	"sslpipe/internal/tf"
)

// Fused returns a net that, in training mode, makes ConvNorm, InvertedResidual and the
// layers of transformers of single operations that run on the CPU only (package
// kernels), several times faster than of TensorFlow's. Their results are equal up to
// rounding. Layers that see parts of their input (Visible) stay as they are.
func (n *Net) Fused() *Net {
	m := *n
	m.fused = true
	return &m
}

// Norm sets the batch-norm of a layer.
type Norm struct {
	Name              string
	Momentum, Epsilon float64
}

// ConvNorm is a convolution without bias (see Conv2D), batch-norm and Relu6. It
// returns [N, ceil(H/stride), ceil(W/stride), filters].
func (n *Net) ConvNorm(name string, norm Norm, x tf.Output, filters, kernel, stride int) tf.Output {
	if !n.fusible(x) {
		return n.g.Relu6(n.batchNorm(norm, n.Conv2D(name, x, filters, kernel, stride, false)))
	}
	k := int64(kernel)
	l := n.layer(name, norm, tf.Shape{k, k, x.Shape()[3], int64(filters)}, int64(filters))
	y, s := n.g.Scope(name).FusedConvNorm(x, l.weights, stride, max(n.groups, 1), norm.Epsilon)
	n.track(l, norm, s)
	return y
}

// Residual is an inverted residual block of MobileNetV2 (Sandler et al., CVPR 2018,
// arXiv:1801.04381): a 1x1 convolution to Expansion times the channels, left out
// where that is 1; a depthwise 3x3 of that stride; a 1x1 convolution to Filters,
// without activation; each with batch-norm.
type Residual struct {
	Expand, Depthwise, Project             string // names of the convolutions
	ExpandNorm, DepthwiseNorm, ProjectNorm Norm
	Expansion, Filters, Stride             int
}

// InvertedResidual applies r to x [N, H, W, C], and adds x where the shapes allow
// it. It returns [N, ceil(H/Stride), ceil(W/Stride), Filters].
func (n *Net) InvertedResidual(r Residual, x tf.Output) tf.Output {
	residual := x.Dim(3) == r.Filters && r.Stride == 1
	if !n.fusible(x) {
		y := x
		if r.Expansion > 1 {
			y = n.ConvNorm(r.Expand, r.ExpandNorm, x, x.Dim(3)*r.Expansion, 1, 1)
		}
		y = n.DepthwiseConv2D(r.Depthwise, y, 3, r.Stride, "SAME")
		y = n.g.Relu6(n.batchNorm(r.DepthwiseNorm, y))
		y = n.batchNorm(r.ProjectNorm, n.Conv2D(r.Project, y, r.Filters, 1, 1, false))
		if residual {
			y = n.g.Add(x, y)
		}
		return y
	}
	in, filters := x.Shape()[3], int64(r.Filters)
	wide := in * int64(max(r.Expansion, 1))
	var expand layer
	if r.Expansion > 1 {
		expand = n.layer(r.Expand, r.ExpandNorm, tf.Shape{1, 1, in, wide}, wide)
	}
	depthwise := n.layer(r.Depthwise, r.DepthwiseNorm, tf.Shape{3, 3, wide, 1}, wide)
	project := n.layer(r.Project, r.ProjectNorm, tf.Shape{1, 1, wide, filters}, filters)
	y, s := n.g.Scope(r.Project).FusedInvertedResidual(x, expand.weights, depthwise.weights, project.weights,
		r.Stride, max(n.groups, 1), r.ProjectNorm.Epsilon, residual)
	if r.Expansion > 1 {
		n.track(expand, r.ExpandNorm, s[0])
		s = s[1:]
	}
	n.track(depthwise, r.DepthwiseNorm, s[0])
	n.track(project, r.ProjectNorm, s[1])
	return y
}

func (n *Net) batchNorm(norm Norm, x tf.Output) tf.Output {
	return n.BatchNorm(norm.Name, x, norm.Momentum, norm.Epsilon)
}

// fusible tells whether layers on x become single operations.
func (n *Net) fusible(x tf.Output) bool {
	if !n.fused || !n.training || n.synchronised || n.visible != nil || x.Rank() != 4 {
		return false
	}
	if n.groups > 1 && (x.Dim(0) < 0 || x.Dim(0)%n.groups != 0) {
		return false // the other way explains what is wrong
	}
	return x.Dim(1) > 0 && x.Dim(2) > 0 && x.Dim(3) > 0
}

// layer is a convolution and its batch-norm.
type layer struct {
	weights        tf.Layer
	mean, variance *tf.Variable // moving averages; nil where none are kept
}

// layer makes the variables of a convolution and its batch-norm, in the order in
// which Conv2D and BatchNorm make them.
func (n *Net) layer(name string, norm Norm, kernel tf.Shape, channels int64) layer {
	l := layer{weights: tf.Layer{Kernel: n.Variable(name+"/kernel", kernel, GlorotUniform, true).Read()}}
	l.weights.Gamma = n.Variable(norm.Name+"/gamma", tf.Shape{channels}, Ones, true).Read()
	l.weights.Beta = n.Variable(norm.Name+"/beta", tf.Shape{channels}, Zeros, true).Read()
	if n.follow == nil {
		l.mean = n.Variable(norm.Name+"/moving_mean", tf.Shape{channels}, Zeros, false)
		l.variance = n.Variable(norm.Name+"/moving_variance", tf.Shape{channels}, Ones, false)
	}
	return l
}

// track moves the averages of a batch-norm towards the mean over the groups of what
// was taken from the batch.
func (n *Net) track(l layer, norm Norm, s tf.Statistics) {
	if l.mean == nil {
		return
	}
	w := n.weights
	w.moves[norm.Momentum] = append(w.moves[norm.Momentum],
		tf.Average{Variable: l.mean, Towards: s.Mean}, tf.Average{Variable: l.variance, Towards: s.Variance})
}

// overWorkers makes averages move towards the means over all workers.
func (n *Net) overWorkers(moves []tf.Average) []tf.Average {
	towards := make([]tf.Output, len(moves))
	for i, m := range moves {
		towards[i] = m.Towards
	}
	moved := slices.Clone(moves)
	for i, mean := range n.g.MeanOver(towards) {
		moved[i].Towards = mean
	}
	return moved
}

// moveAll makes the updates of the averages that fused layers have collected, after
// those that others have made of the same variables.
func (n *Net) moveAll() {
	w := n.weights
	for _, keep := range slices.Sorted(maps.Keys(w.moves)) {
		var before []tf.Op
		for _, m := range w.moves[keep] {
			if op, ok := w.pending[m.Variable.Name]; ok && !slices.Contains(before, op) {
				before = append(before, op)
			}
		}
		update := n.g.After(before...).FusedAverages(n.overWorkers(w.moves[keep]), keep)
		for _, m := range w.moves[keep] {
			w.pending[m.Variable.Name] = update
		}
		w.updates = append(w.updates, update)
	}
	clear(w.moves)
}
