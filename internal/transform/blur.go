package transform

import (
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var blur = schema.Variant{
	Name:    "blur",
	Doc:     "Blur the image by a Gaussian of random width, with a probability.",
	Paper:   "Chen et al., ICML 2020 (SimCLR), arXiv:2002.05709",
	Version: 1,
	New:     func() any { return &Blur{Sigma: []float64{0.1, 2}, Probability: 0.5} },
}

// Blur convolves images with a Gaussian that is cut off at Kernel pixels and
// sums to 1; the image is mirrored beyond its border.
type Blur struct {
	Sigma       []float64 `hcl:"sigma,optional" example:"[0.1, 1.0]" min:"0.01" max:"100" doc:"Smallest and largest standard deviation, in pixels."`
	Kernel      int       `hcl:"kernel,optional" min:"0" max:"255" doc:"Side of the kernel in pixels, an odd number; 0 takes a tenth of the image's height, at least 3."`
	Probability float64   `hcl:"probability,optional" min:"0" max:"1" doc:"Probability that an image is changed."`
}

// Validate checks the interval and the kernel.
func (t *Blur) Validate() []schema.Problem {
	problems := checkInterval("sigma", t.Sigma)
	if t.Kernel != 0 && (t.Kernel < 3 || t.Kernel%2 == 0) {
		problems = append(problems, problem("kernel", "The side of the kernel must be 0 or an odd number of at least 3, not %d.", t.Kernel)...)
	}
	return problems
}

// CheckShape wants images that are large enough to be mirrored.
func (t *Blur) CheckShape(h, w, _ int) []schema.Problem {
	if t.radius(h) < min(h, w) {
		return nil
	}
	return problem("kernel", "The kernel reaches %d pixels beyond the border, too far to mirror images of %d x %d.", t.radius(h), h, w)
}

// radius is the number of pixels on each side of the kernel's centre, for
// images of h rows.
func (t *Blur) radius(h int) int {
	if t.Kernel > 0 {
		return t.Kernel / 2
	}
	return max(1, h/10/2) // as the authors' code
}

// scaled implements scaler. A kernel that was taken from the height is scaled as
// one that was written down.
func (t *Blur) scaled(from, to int) Transform {
	ratio := float64(to) / float64(from)
	radius := min(max(1, scale(t.radius(from), from, to)), to-1)
	return &Blur{
		Sigma:  []float64{t.Sigma[0] * ratio, t.Sigma[1] * ratio},
		Kernel: 2*radius + 1, Probability: t.Probability,
	}
}

// Draws is 2: whether and how wide.
func (t *Blur) Draws() int { return 2 }

// Apply blurs x. Each example has a kernel of its own, so examples become
// channels of one depthwise convolution.
func (t *Blur) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "blur", t, x, u)
	if !ok {
		return x
	}
	radius := t.radius(b.h)
	size, channels := 2*radius+1, b.n*b.c
	kernels := b.g.Transpose(b.gaussians(b.between(1, t.Sigma[0], t.Sigma[1]), radius), 1, 0) // [size, N]
	kernels = b.g.Tile(b.g.Reshape(kernels, size, b.n, 1), 1, 1, b.c)

	y := b.g.Transpose(b.pad(radius, fillReflect), 1, 2, 0, 3) // [H', W', N, C]
	y = b.g.Reshape(y, 1, b.h+2*radius, b.w+2*radius, channels)
	y = b.g.DepthwiseConv2D(y, b.g.Reshape(kernels, size, 1, channels, 1), 1, "VALID")
	y = b.g.DepthwiseConv2D(y, b.g.Reshape(kernels, 1, size, channels, 1), 1, "VALID")
	y = b.g.Transpose(b.g.Reshape(y, b.h, b.w, b.n, b.c), 2, 0, 1, 3)
	return b.choose(b.happens(0, t.Probability), b.clip(y))
}

// gaussians are the weights exp(-d²/2σ²) at the distances -radius .. radius,
// divided by their sum, for each σ of sigma, [N, 1]: [N, 2*radius+1].
func (b batch) gaussians(sigma tf.Output, radius int) tf.Output {
	g := b.g
	exponent := make([]float32, 2*radius+1)
	for i := range exponent {
		d := float32(i - radius)
		exponent[i] = -d * d / 2
	}
	weights := g.Exp(g.Div(g.Const([][]float32{exponent}), g.Square(sigma)))
	return g.Div(weights, g.Sum(weights, true, 1))
}

// step implements fusible.
func (t *Blur) step(images Size) string {
	return line("blur", t.Sigma[0], t.Sigma[1], float64(t.radius(images.H)), t.Probability)
}
