package stages

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/transform"
)

// network is an encoder's architecture together with the pixels that it expects:
// everything but the weights.
type network struct {
	backbone  schema.Choice
	shape     [3]int // height, width, channels
	mean, std []float64
}

// newNetwork fits a backbone to a data set's images.
func newNetwork(choice schema.Choice, data artifact.DatasetMeta) network {
	return network{backbone: choice, shape: data.Shape, mean: data.Mean, std: data.Std}
}

// networkOf rebuilds the network that an encoder artifact describes.
func networkOf(meta artifact.EncoderMeta) (network, error) {
	choice, err := restoreChoice(backbone.Kinds, meta.Backbone, meta.BackboneConfig)
	return network{backbone: choice, shape: meta.InputShape, mean: meta.Mean, std: meta.Std}, err
}

// meta describes the network for those who load its weights later.
func (nw network) meta() (artifact.EncoderMeta, error) {
	config, err := json.Marshal(nw.backbone.Config)
	if err != nil {
		return artifact.EncoderMeta{}, fmt.Errorf("store backbone settings: %w", err)
	}
	return artifact.EncoderMeta{
		Backbone: nw.backbone.Name, BackboneConfig: config,
		InputShape: nw.shape, Mean: nw.mean, Std: nw.std,
	}, nil
}

// fed makes a placeholder for uint8 images [batch, H, W, C].
func (nw network) fed(g *tf.Graph, name string, batch int) tf.Output {
	return g.Placeholder(name, tf.Uint8, batch, nw.shape[0], nw.shape[1], nw.shape[2])
}

// input makes a placeholder for uint8 images [batch, H, W, C] and the same
// images as float32 in [0, 1].
func (nw network) input(g *tf.Graph, name string, batch int) (fed, unit tf.Output) {
	fed = nw.fed(g, name, batch)
	return fed, transform.Unit(g, fed)
}

// trainingNet returns a net for training on device. The CPU has layers of its own.
func trainingNet(g *tf.Graph, seed int64, device string) *nn.Net {
	n := nn.NewNet(g, seed)
	if tf.Device(device) == tf.GPU {
		return n
	}
	return n.Fused()
}

// normalised scales and shifts the channels of images x [N, H, W, C] in [0, 1], by
// rows of an image: to broadcast over three channels takes ten times as long.
func (nw network) normalised(g *tf.Graph, x tf.Output) tf.Output {
	var scale, offset []float32
	for range x.Dim(2) {
		for c := range nw.mean {
			scale = append(scale, float32(1/nw.std[c]))
			offset = append(offset, float32(-nw.mean[c]/nw.std[c]))
		}
	}
	rows := g.Reshape(x, -1, len(scale))
	rows = g.Add(g.Mul(rows, g.Const(scale)), g.Const(offset))
	return g.Reshape(rows, x.Dim(0), x.Dim(1), x.Dim(2), x.Dim(3))
}

// encoder is the network as pretext tasks apply it.
func (nw network) encoder() pretext.Network {
	return pretext.Network{Backbone: nw.backbone.Config.(backbone.Backbone), Normalise: nw.normalised}
}

// features normalises images x [N, H, W, C] in [0, 1] and applies the backbone.
func (nw network) features(n *nn.Net, x tf.Output) backbone.Features {
	return nw.encoder().Features(n, x)
}

// layerPooled names the encoder's output and layerPixels its input among the
// layers that a linear model can read; the others are the backbone's blocks.
const (
	layerPooled = "pooled"
	layerPixels = "pixels"
)

// layers returns the named layers of images x [N, H, W, C] in [0, 1] as feature
// vectors, each [N, D]: maps are averaged over their positions.
func (nw network) layers(n *nn.Net, x tf.Output, names ...string) []tf.Output {
	g := n.Graph()
	var f backbone.Features
	if slices.ContainsFunc(names, func(name string) bool { return name != layerPixels }) {
		f = nw.features(n, x)
	}
	vectors := make([]tf.Output, len(names))
	for i, name := range names {
		block := slices.Index(f.BlockNames, name)
		switch {
		case name == layerPixels:
			vectors[i] = g.Reshape(x, -1, nw.shape[0]*nw.shape[1]*nw.shape[2])
		case name == layerPooled:
			vectors[i] = f.Pooled
		case block >= 0:
			vectors[i] = g.Mean(f.Blocks[block], false, 1, 2)
		default:
			vectors[i] = g.Failf("the network has no layer %q; it has %s, %s", name, layerPooled, strings.Join(f.BlockNames, ", "))
		}
	}
	return vectors
}

// inference makes the graph of a model that others load: images float32
// [any, H, W, C] with pixel values 0 to 255 in; features float32 [any, D], and
// with a head logits and probabilities [any, classes], out.
func (nw network) inference(g *tf.Graph, layer string, h *head) []tf.Signature {
	images := g.Placeholder("images", tf.Float32, -1, nw.shape[0], nw.shape[1], nw.shape[2])
	n := nn.NewNet(g, 0).Mode(false)
	vectors := nw.layers(n, g.Mul(images, g.Scalar(1.0/255)), layer)[0]
	return signatures(n, map[string]tf.Output{"images": images}, vectors, h)
}

// signatures names what a model gives for its inputs.
func signatures(n *nn.Net, inputs map[string]tf.Output, vectors tf.Output, h *head) []tf.Signature {
	named := func(name string, x tf.Output) tf.Output { return n.Graph().OpNamed(name, "Identity", nil, x)[0] }
	vectors = named("features", vectors)
	features := map[string]tf.Output{"features": vectors}
	serving := features
	if h != nil {
		logits, probabilities := h.build(n, headRoot, vectors)
		serving = map[string]tf.Output{"logits": named("logits", logits), "probabilities": named("probabilities", probabilities)}
	}
	return []tf.Signature{
		{Name: "serving_default", Inputs: inputs, Outputs: serving},
		{Name: "features", Inputs: inputs, Outputs: features},
		// Keras's TFSMLayer looks for this name unless told otherwise.
		{Name: "serve", Inputs: inputs, Outputs: serving},
	}
}
