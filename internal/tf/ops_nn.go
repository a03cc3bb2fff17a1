package tf

// MatMul multiplies matrices, [M, K] by [K, N], each of which may be transposed.
func (g *Graph) MatMul(a, b Output, transA, transB bool) Output {
	return g.Op("MatMul", Attrs{"transpose_a": transA, "transpose_b": transB}, a, b)[0]
}

// BatchMatMul multiplies the matrices in the last two axes; the others broadcast.
func (g *Graph) BatchMatMul(a, b Output, transA, transB bool) Output {
	return g.Op("BatchMatMulV2", Attrs{"adj_x": transA, "adj_y": transB}, a, b)[0]
}

// BiasAdd adds bias [C] to x [..., C].
func (g *Graph) BiasAdd(x, bias Output) Output { return g.one("BiasAdd", x, bias) }

// window makes the attribute of a size or stride along height and width.
func window(n int) []int64 { return []int64{1, int64(n), int64(n), 1} }

func (g *Graph) checkPadding(what, padding string) {
	// The gradient of a convolution with explicit paddings is wrong: it forgets
	// them. Pad first, and convolve with VALID.
	if padding != "SAME" && padding != "VALID" && g.err == nil {
		g.Failf("%s: padding is SAME or VALID, not %q", what, padding)
	}
}

// Conv2D convolves x [N, H, W, C] with w [k, k, C, F]; padding is SAME or VALID.
// Dilation is not offered: TensorFlow's C++ gradient forgets it.
func (g *Graph) Conv2D(x, w Output, stride int, padding string) Output {
	g.checkPadding("Conv2D", padding)
	return g.Op("Conv2D", Attrs{"strides": window(stride), "padding": padding}, x, w)[0]
}

// DepthwiseConv2D convolves each channel of x [N, H, W, C] with its own M filters
// w [k, k, C, M], to [N, H', W', C*M]; padding is SAME or VALID.
func (g *Graph) DepthwiseConv2D(x, w Output, stride int, padding string) Output {
	g.checkPadding("DepthwiseConv2D", padding)
	return g.Op("DepthwiseConv2dNative", Attrs{"strides": window(stride), "padding": padding}, x, w)[0]
}

// MaxPool returns the largest in windows of size by size of x [N, H, W, C].
func (g *Graph) MaxPool(x Output, size, stride int, padding string) Output {
	return g.pool("MaxPool", x, size, stride, padding)
}

// AvgPool returns the mean of windows of size by size of x [N, H, W, C]; with
// SAME, the border's windows average what is inside.
func (g *Graph) AvgPool(x Output, size, stride int, padding string) Output {
	return g.pool("AvgPool", x, size, stride, padding)
}

func (g *Graph) pool(typ string, x Output, size, stride int, padding string) Output {
	g.checkPadding(typ, padding)
	return g.Op(typ, Attrs{"ksize": window(size), "strides": window(stride), "padding": padding}, x)[0]
}

// FusedBatchNorm normalises x [N, H, W, C] per channel (Ioffe and Szegedy, ICML
// 2015, arXiv:1502.03167), with the batch's own mean and variance when training,
// and with the given ones otherwise. In training, mean and variance are empty
// vectors, Const([]float32{}). batchVar has Bessel's correction; neither it nor
// batchMean has a gradient.
func (g *Graph) FusedBatchNorm(x, scale, offset, mean, variance Output, eps float64, training bool) (y, batchMean, batchVar Output) {
	outs := g.Op("FusedBatchNormV3", Attrs{"epsilon": eps, "is_training": training}, x, scale, offset, mean, variance)
	return outs[0], outs[1], outs[2]
}

// Softmax normalises exp(x) over the last axis.
func (g *Graph) Softmax(x Output) Output { return g.one("Softmax", x) }

// LogSoftmax returns log(Softmax(x)) of x [N, K]. Other ranks are refused: the
// C++ gradient is wrong for them.
func (g *Graph) LogSoftmax(x Output) Output {
	if x.Rank() != 2 && g.err == nil {
		return g.Failf("LogSoftmax: %s %s does not have rank 2: reshape it", x.Name(), x.Shape())
	}
	return g.one("LogSoftmax", x)
}

// SoftmaxCrossEntropy returns the cross-entropy [N] between the distributions
// target [N, K] and softmax(logits [N, K]), both float32. Gradients flow to both.
func (g *Graph) SoftmaxCrossEntropy(logits, target Output) Output {
	for _, x := range []Output{logits, target} {
		if g.err == nil && (x.DType() != Float32 || x.Rank() != 2) {
			return g.Failf("SoftmaxCrossEntropy: %s is %s %s, not float32 of rank 2", x.Name(), x.DType(), x.Shape())
		}
	}
	if g.device == GPU {
		return g.Neg(g.Sum(g.Mul(target, g.LogSoftmax(logits)), false, 1))
	}
	return g.one("SoftmaxCrossEntropyWithLogits", logits, target)
}
