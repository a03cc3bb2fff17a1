package pretext

import (
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var relativePatch = schema.Variant{
	Name:    "relative_patch",
	Doc:     "Predict where a tile lies relative to the tile in the middle.",
	Paper:   "Doersch, Gupta and Efros, ICCV 2015, arXiv:1505.05192",
	Cost:    "9 passes over tiles, forward and backward: about 1 pass over an image",
	Version: 1,
	New:     func() any { return &RelativePatch{Weighted: alone, Tiles: defaultTiles, Hidden: 256} },
}

// RelativePatch configures the relative patch task. All eight neighbours of the
// middle tile are in one batch, as in Kolesnikov et al., CVPR 2019,
// arXiv:1901.09005, so the labels are exactly balanced.
type RelativePatch struct {
	Weighted
	Hidden int `hcl:"hidden,optional" example:"256" min:"1" doc:"Units of the head's hidden layer."`
	Tiles
}

const (
	patchGrid   = 3
	patchMiddle = 4
	neighbours  = 8
)

// Needs implements Task.
func (t *RelativePatch) Needs(b Batch) Needs {
	return Needs{Views: 1, Draws: t.on(patchGrid, b).draws()}
}

// Crops implements Task.
func (t *RelativePatch) Crops() int { return patchGrid * patchGrid }

// CropSize implements Cutter.
func (t *RelativePatch) CropSize(b Batch) (h, w int) { return t.on(patchGrid, b).shownSize() }

// Check implements Task.
func (t *RelativePatch) Check(b Batch) []schema.Problem { return t.on(patchGrid, b).check() }

// Loss implements Task: mean cross-entropy over the eight pairs of every image.
func (t *RelativePatch) Loss(b *Builder) tf.Output {
	g := b.Graph()
	cut := t.on(patchGrid, b.Batch())
	features := b.Encode(cut.shown(b, cut.cut(g, b.Views[0], b.Draws))).Pooled
	features = b.Head.Dense("relative_patch/tile", features, tileFeatures, nn.GlorotUniform)
	features = g.Relu(b.Head.BatchNorm("relative_patch/tile_bn", features, headMomentum, headEpsilon))
	pairs, labels := Pairs(g, g.Reshape(features, cut.batch.N, cut.count(), tileFeatures))
	logits := mlp(b.Head, "relative_patch/logits", pairs, t.Hidden, neighbours)
	b.Accuracy(nn.Accuracy(g, logits, labels), 1.0/neighbours)
	return g.Mean(nn.CrossEntropy(g, logits, labels, 0), false)
}

// Pairs joins the middle of nine tiles [N, 9, D] with each of the others:
// [8N, 2D], neighbour by neighbour, row by row of the grid, and the neighbours'
// numbers as int32 labels [8N].
func Pairs(g *tf.Graph, tiles tf.Output) (pairs, labels tf.Output) {
	parts := g.Unstack(tiles, 1)
	var joined []tf.Output
	var numbers []int32
	for i := range patchGrid * patchGrid {
		if i == patchMiddle {
			continue
		}
		for range tiles.Dim(0) {
			numbers = append(numbers, int32(len(joined)))
		}
		joined = append(joined, g.Concat(1, parts[patchMiddle], parts[i]))
	}
	return g.Concat(0, joined...), g.Const(numbers)
}

// Pictures implements Drawn: the image and its tiles, in their places.
func (t *RelativePatch) Pictures(b *Builder) []Picture {
	g := b.Graph()
	cut := t.on(patchGrid, b.Batch())
	return []Picture{
		{Title: "image", Images: b.Views[0]},
		{Title: "tiles 0 1 2 / 3 - 4 / 5 6 7", Images: cut.puzzle(g, cut.cut(g, b.Views[0], b.Draws))},
	}
}
