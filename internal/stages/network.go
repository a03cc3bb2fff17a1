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

// network is an encoder's architecture together with the examples that it expects:
// everything but the weights.
type network struct {
	form
	backbone  schema.Choice
	mean, std []float64 // of pixels; texts have none
}

// newNetwork fits a backbone to a data set's examples.
func newNetwork(choice schema.Choice, data artifact.DatasetMeta) network {
	return network{form: formOf(data), backbone: choice, mean: data.Mean, std: data.Std}
}

// networkOf rebuilds the network that an encoder artifact describes.
func networkOf(meta artifact.EncoderMeta) (network, error) {
	choice, err := restoreChoice(backbone.Kinds, meta.Backbone, meta.BackboneConfig)
	return network{form: form{shape: meta.InputShape, text: meta.Text}, backbone: choice, mean: meta.Mean, std: meta.Std}, err
}

// encoder is the configured backbone; that of texts is fitted to their vocabulary and
// length.
func (nw network) encoder() backbone.Backbone {
	if nw.text == nil {
		return nw.backbone.Config.(backbone.Backbone)
	}
	return nw.backbone.Config.(backbone.TextBackbone).ForText(nw.text.Vocabulary, nw.shape[1])
}

// meta describes the network for those who load its weights later.
func (nw network) meta() (artifact.EncoderMeta, error) {
	config, err := json.Marshal(nw.backbone.Config)
	if err != nil {
		return artifact.EncoderMeta{}, fmt.Errorf("store backbone settings: %w", err)
	}
	return artifact.EncoderMeta{
		Backbone: nw.backbone.Name, BackboneConfig: config,
		InputShape: nw.shape, Text: nw.text, Mean: nw.mean, Std: nw.std,
	}, nil
}

// placed makes a placeholder for a batch of examples, and the same as features takes
// them: images as float32 in [0, 1].
func (nw network) placed(g *tf.Graph, name string, batch int) (fed, unit tf.Output) {
	fed = nw.fed(g, name, batch)
	return fed, transform.Unit(g, fed)
}

// The values of precision.
const (
	precisionFloat32 = "float32"
	precisionMixed   = "mixed"
)

// trainingNet returns a net for training on device, in an empty graph, in a precision. The
// CPU has layers of its own, of float32.
func trainingNet(g *tf.Graph, seed int64, device, precision string) *nn.Net {
	g.For(tf.Device(device))
	n, gpu := nn.NewNet(g, seed), tf.Device(device) == tf.GPU
	switch {
	case precision == precisionMixed:
		return n.Mixed(gpu)
	case gpu:
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

// pretexts is the network as pretext tasks apply it.
func (nw network) pretexts() pretext.Network {
	p := pretext.Network{Backbone: nw.encoder()}
	if nw.text == nil {
		p.Normalise = nw.normalised
	}
	return p
}

// features applies the backbone to texts x int32 [N, L], or to images x [N, H, W, C] in
// [0, 1], which it normalises.
func (nw network) features(n *nn.Net, x tf.Output) backbone.Features {
	return nw.pretexts().Features(n, x)
}

// layerPooled names the encoder's output and layerPixels its input among the
// layers that a linear model can read; the others are the backbone's blocks.
const (
	layerPooled = "pooled"
	layerPixels = "pixels"
)

// layers returns the named layers of examples x, as features takes them, as feature
// vectors, each [N, D]: maps are averaged over their positions, padding left out.
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
			vectors[i] = nw.raw(g, x)
		case name == layerPooled:
			vectors[i] = f.Pooled
		case block >= 0:
			vectors[i] = f.Mean(g, f.Blocks[block])
		default:
			vectors[i] = g.Failf("the network has no layer %q; it has %s, %s", name, layerPooled, strings.Join(f.BlockNames, ", "))
		}
	}
	return vectors
}

// raw is what a linear model reads of examples without any network: the pixels
// [N, H*W*C], or how often each token is there [N, V], as the logarithm of one more,
// padding left out.
func (nw network) raw(g *tf.Graph, x tf.Output) tf.Output {
	if nw.text == nil {
		return g.Reshape(x, -1, nw.shape[0]*nw.shape[1]*nw.shape[2])
	}
	counts := g.CountEach(x, nw.text.Vocabulary)
	words := make([]float32, nw.text.Vocabulary)
	for i := 1; i < len(words); i++ {
		words[i] = 1
	}
	return g.Mul(g.Log(g.Add(counts, g.Scalar(1))), g.Const(words))
}

// served makes the input of a model that others load, and what features takes: images
// float32 [any, H, W, C] with pixel values 0 to 255, or tokens int32 [any, any], of
// at most the length that the network was trained for.
func (nw network) served(g *tf.Graph) (inputs map[string]tf.Output, x tf.Output) {
	if nw.text != nil {
		x = g.Placeholder(nw.input(), tf.Int32, -1, -1)
		return map[string]tf.Output{nw.input(): x}, x
	}
	images := g.Placeholder(nw.input(), tf.Float32, -1, nw.shape[0], nw.shape[1], nw.shape[2])
	return map[string]tf.Output{nw.input(): images}, g.Mul(images, g.Scalar(1.0/255))
}

// inference makes the graph of a model that others load: features float32 [any, D], and
// with a head logits and probabilities [any, classes], of what served takes.
func (nw network) inference(g *tf.Graph, layer string, h *head) []tf.Signature {
	inputs, x := nw.served(g)
	n := nn.NewNet(g, 0).Mode(false)
	return signatures(n, inputs, nw.layers(n, x, layer)[0], h)
}

// pretrained makes the graph of an encoder that others load, as inference does, with a
// signature for each task that is of use after it: of texts, logits float32 [any, any,
// vocabulary], the scores of all tokens at each position.
func (nw network) pretrained(g *tf.Graph, predictors []pretext.Predictor) []tf.Signature {
	inputs, x := nw.served(g)
	n := nn.NewNet(g, 0).Mode(false)
	f := nw.features(n, x)
	list := signatures(n, inputs, f.Pooled, nil)
	for _, p := range predictors {
		logits := g.OpNamed(p.Signature()+"_logits", "Identity", nil, p.Predict(n, f))[0]
		list = append(list, tf.Signature{Name: p.Signature(), Inputs: inputs, Outputs: map[string]tf.Output{"logits": logits}})
	}
	return list
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
