package transform

import (
	"math"
	"slices"

	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var resizedCrop = schema.Variant{
	Name:    "resized_crop",
	Doc:     "Cut out a rectangle of random area, aspect and place and stretch it to the size of the image.",
	Paper:   "Szegedy et al., CVPR 2015, arXiv:1409.4842",
	Version: 1,
	New: func() any {
		return &ResizedCrop{Area: []float64{0.3, 1}, Aspect: []float64{3. / 4, 4. / 3}}
	},
}

// ResizedCrop draws the area uniformly and the logarithm of the aspect
// uniformly among those with which a rectangle of that area fits into the
// image, so that nothing is drawn again, then the place uniformly. Rectangles
// end between pixels. Interpolation is bilinear.
type ResizedCrop struct {
	Area   []float64 `hcl:"area,optional" example:"[0.3, 1.0]" min:"0.01" max:"1" doc:"Smallest and largest area of the rectangle, as a fraction of the image."`
	Aspect []float64 `hcl:"aspect,optional" min:"0.1" max:"10" doc:"Smallest and largest width of the rectangle divided by its height, in pixels."`

	views Size // of the result; the zero Size is that of the images
}

// Validate checks the intervals.
func (t *ResizedCrop) Validate() []schema.Problem {
	return slices.Concat(checkInterval("area", t.Area), checkInterval("aspect", t.Aspect))
}

// Draws is 4: area, aspect, vertical and horizontal place.
func (t *ResizedCrop) Draws() int { return 4 }

// at implements resizer.
func (t *ResizedCrop) at(views Size) Transform {
	c := *t
	c.views = views
	return &c
}

// size implements resizer.
func (t *ResizedCrop) size(images Size) Size {
	if t.views == (Size{}) {
		return images
	}
	return t.views
}

// Apply crops and stretches x.
func (t *ResizedCrop) Apply(g *tf.Graph, x, u tf.Output) tf.Output {
	b, ok := open(g, "resized_crop", t, x, u)
	if !ok {
		return x
	}
	g = b.g
	h, w := g.Scalar(float64(b.h)), g.Scalar(float64(b.w))
	area := b.between(0, t.Area[0], t.Area[1])

	// A rectangle of this area fits for log aspects in wide ± room.
	room := g.Neg(g.Log(area))
	wide := g.Scalar(math.Log(float64(b.w) / float64(b.h)))
	fit := func(aspect float64) tf.Output {
		return g.Minimum(g.Maximum(g.Scalar(math.Log(aspect)), g.Sub(wide, room)), g.Add(wide, room))
	}
	lo, hi := fit(t.Aspect[0]), fit(t.Aspect[1])
	aspect := g.Exp(g.Add(lo, g.Mul(b.draw(1), g.Sub(hi, lo))))

	pixels := g.Mul(area, g.Scalar(float64(b.h*b.w)))
	height := g.Minimum(g.Sqrt(g.Div(pixels, aspect)), h)
	width := g.Minimum(g.Sqrt(g.Mul(pixels, aspect)), w)
	views := t.size(Size{H: b.h, W: b.w})
	return b.resample(region{
		top:    g.Mul(b.draw(2), g.Sub(h, height)),
		left:   g.Mul(b.draw(3), g.Sub(w, width)),
		height: height,
		width:  width,
	}, 1, fillEdge, views.H, views.W) // the outer half of a border pixel is beyond its centre
}

// step implements fusible.
func (t *ResizedCrop) step(images Size) string {
	views := t.size(images)
	return line("resized_crop", t.Area[0], t.Area[1], t.Aspect[0], t.Aspect[1], float64(views.H), float64(views.W))
}
