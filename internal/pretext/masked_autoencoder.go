package pretext

import (
	"fmt"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
)

var maskedAutoencoder = schema.Variant{
	Name:    "masked_autoencoder",
	Doc:     "Encode a few patches of the image and predict the pixels of all others.",
	Paper:   "He et al., CVPR 2022 (MAE), arXiv:2111.06377",
	Cost:    "the encoder on the visible patches, forward and backward, and a light decoder on all: about half a pass",
	Version: 1,
	New: func() any {
		return &MaskedAutoencoder{Weighted: alone, Ratio: 0.75, Width: 64, Depth: 2, Heads: 4}
	},
}

// MaskedAutoencoder configures masked autoencoding for networks that see an image as
// patches (backbone.PatchEncoder). The encoder gets the visible patches and nothing
// else; the decoder, which is dropped afterwards, gets what it made of them, and one
// learnt token at every hidden place.
type MaskedAutoencoder struct {
	Weighted
	Ratio float64 `hcl:"ratio,optional" example:"0.75" min:"0.05" max:"0.95" doc:"Share of the patches that is hidden."`
	Width int     `hcl:"width,optional" min:"4" doc:"Numbers that stand for a patch in the decoder, a multiple of 4."`
	Depth int     `hcl:"depth,optional" min:"1" max:"128" doc:"Blocks of attention and MLP in the decoder."`
	Heads int     `hcl:"heads,optional" min:"1" doc:"Heads of attention in the decoder; they divide its width."`
}

const (
	decoderMLPRatio = 4
	decoderEpsilon  = 1e-6
	tokenDeviation  = 0.02
	// positionCodes is what the width must be a multiple of: sines and cosines of rows
	// and columns.
	positionCodes = 4
)

// Validate implements schema.Validator.
func (t *MaskedAutoencoder) Validate() []schema.Problem {
	if t.Width%positionCodes != 0 {
		return problem("width", fmt.Sprintf("width must be a multiple of %d, and %d is not.", positionCodes, t.Width))
	}
	if t.Heads > 0 && t.Width%t.Heads != 0 {
		return problem("heads", fmt.Sprintf("heads must divide width, and %d does not divide %d.", t.Heads, t.Width))
	}
	return nil
}

// patches is how many patches an image has.
func patches(b Batch) int {
	p := max(b.Patch, 1)
	return (b.H / p) * (b.W / p)
}

// Needs implements Task: a draw for each patch.
func (*MaskedAutoencoder) Needs(b Batch) Needs { return Needs{Views: 1, Draws: patches(b)} }

// Crops implements Task.
func (*MaskedAutoencoder) Crops() int { return 1 }

// Check implements Task.
func (t *MaskedAutoencoder) Check(b Batch) []schema.Problem {
	if b.Patch == 0 {
		return problem("", `masked_autoencoder leaves out patches of the image, and this backbone knows none: use backbone "vit", or pretext "masked_image".`)
	}
	if b.Patch == 1 {
		return problem("", "Patches of one pixel have no contrast that could be predicted: use a larger patch in the backbone.")
	}
	all := patches(b)
	if k := t.visible(all); k < 1 || k >= all {
		return problem("ratio", fmt.Sprintf("Of %d patches %d would be visible; at least one has to be, and one hidden: change ratio or the backbone's patch.", all, k))
	}
	return nil
}

// visible is how many of an image's patches the encoder sees, exactly.
func (t *MaskedAutoencoder) visible(patches int) int {
	return patches - int(t.Ratio*float64(patches)+0.5)
}

// Loss implements Task: the mean squared error of the pixels of hidden patches, each
// patch normalised to mean 0 and variance 1. The monitor patch_mean is the loss of who
// knows the mean of each hidden patch and predicts that: 1, but for patches without
// contrast.
func (t *MaskedAutoencoder) Loss(b *Builder) tf.Output {
	g := b.Graph()
	visible, hidden := t.split(b)
	encoded := b.EncodePatches(b.Views[0], visible)
	predicted := t.decode(b, encoded, visible, hidden)
	target := g.GatherBatch(t.targets(b), hidden)
	b.Monitor("patch_mean", g.Mean(g.Square(target), false))
	return g.Mean(g.SquaredDifference(predicted, target), false)
}

// split deals the patches of each image by its draws: int32 [N, K] the numbers of
// those with the largest, which are visible, and [N, P-K] the others.
func (t *MaskedAutoencoder) split(b *Builder) (visible, hidden tf.Output) {
	g, n, all := b.Graph().Scope("mask"), b.Batch().N, patches(b.Batch())
	k := t.visible(all)
	_, order := g.TopK(b.Draws, all)
	return g.Slice(order, []int{0, 0}, []int{n, k}), g.Slice(order, []int{0, k}, []int{n, all - k})
}

// targets are the normalised pixels of all patches, [N, P, patch*patch*C].
func (t *MaskedAutoencoder) targets(b *Builder) tf.Output {
	size := b.Batch()
	units := normalisedUnits(b.Graph(), b.Views[0], size.Patch)
	return b.Graph().Reshape(units, size.N, patches(size), units.Dim(3))
}

// decode predicts the pixels of the hidden patches, [N, P-K, patch*patch*C], from the
// encoded visible ones [N, K, D]. Since every token carries its position, their order
// does not matter, and none is put back in its place.
func (t *MaskedAutoencoder) decode(b *Builder, encoded, visible, hidden tf.Output) tf.Output {
	g, n, size := b.Graph(), b.Head, b.Batch()
	k, missing := visible.Dim(1), hidden.Dim(1)
	positions := g.Const(backbone.SinCosGrid(size.H/size.Patch, size.W/size.Patch, t.Width))
	seen := g.Reshape(n.Dense("masked_autoencoder/embed", g.Reshape(encoded, size.N*k, encoded.Dim(2)), t.Width, nn.GlorotUniform), size.N, k, t.Width)
	token := n.Variable("masked_autoencoder/mask_token", tf.Shape{int64(t.Width)}, nn.Normal(tokenDeviation), true).Read()
	x := g.Concat(1, g.Add(seen, g.Gather(positions, visible, 0)), g.Add(token, g.Gather(positions, hidden, 0)))
	for i := range t.Depth {
		x = n.TransformerBlock(nn.Block{
			Name: fmt.Sprintf("masked_autoencoder/blocks/%d", i), Attention: nn.Attention{Heads: t.Heads},
			Hidden: decoderMLPRatio * t.Width, Epsilon: decoderEpsilon, Init: nn.GlorotUniform,
		}, x)
	}
	x = n.LayerNorm("masked_autoencoder/norm", g.Slice(x, []int{0, k, 0}, []int{size.N, missing, t.Width}), decoderEpsilon)
	pixels := size.Patch * size.Patch * size.C
	return g.Reshape(n.Dense("masked_autoencoder/pixels", g.Reshape(x, size.N*missing, t.Width), pixels, nn.GlorotUniform), size.N, missing, pixels)
}

// Pictures implements Drawn: the image; what the encoder sees of it, grey where it sees
// nothing; and what is to be predicted, the hidden patches, each stretched to the same
// contrast.
func (t *MaskedAutoencoder) Pictures(b *Builder) []Picture {
	g, size := b.Graph(), b.Batch()
	visible, _ := t.split(b)
	pixels := size.Patch * size.Patch * size.C
	mask := g.Sum(g.OneHot(visible, patches(size)), false, 1)
	seen := pieced(g, g.BroadcastTo(g.Reshape(mask, size.N, patches(size), 1), size.N, patches(size), pixels), size)
	hidden := g.Sub(g.Scalar(1), seen)
	grey := g.Scalar(0.5)
	stretched := g.Minimum(g.Maximum(g.Add(g.Mul(pieced(g, t.targets(b), size), g.Scalar(0.25)), grey), g.Scalar(0)), g.Scalar(1))
	return []Picture{
		{Title: "image", Images: b.Views[0]},
		{Title: "visible", Images: g.Add(g.Mul(b.Views[0], seen), g.Mul(grey, hidden))},
		{Title: "to predict", Images: g.Add(g.Mul(stretched, hidden), g.Mul(grey, seen))},
	}
}

// pieced puts patches [N, P, patch*patch*C] together to images of that size.
func pieced(g *tf.Graph, patches tf.Output, size Batch) tf.Output {
	grid := g.Reshape(patches, size.N, size.H/size.Patch, size.W/size.Patch, patches.Dim(2))
	return g.Op("DepthToSpace", tf.Attrs{"block_size": size.Patch}, grid)[0]
}
