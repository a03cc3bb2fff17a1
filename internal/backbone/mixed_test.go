package backbone

import (
	"math"
	"slices"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// small are networks of every kind that train in no time, each with a learning rate at
// which its loss falls steadily. MobileNetV2 has none with so few images: to round
// nothing but their pixels to bfloat16 turns its first gradient by 37 degrees.
func small() []smallNetwork {
	return []smallNetwork{
		{"mobilenet_v2", keras(0.35, "small"), 0, 1},
		{"resnet18", &ResNet18{Width: 0.125, Stem: stemSmall, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-5}, 0.01, 3},
		{"vit", &ViT{Patch: 4, Width: 16, Depth: 2, Heads: 2, MLPRatio: 2, Pool: poolClass, Positions: positionsLearned}, 0.003, 4},
		{"transformer", goldenTransformer(normPre, poolMean).ForText(11, 7), 0.0002, 4},
	}
}

type smallNetwork struct {
	name  string
	net   Backbone
	rate  float64
	steps int
}

// In mixed precision every backbone learns as in float32: losses of a few steps on eight
// examples are within 5 % of the first of those of float32, and not the same.
func TestMixedPrecisionTrains(t *testing.T) {
	for _, b := range small() {
		name, want, got := b.name, trained(t, b, false), trained(t, b, true)
		if b.rate > 0 && !(want[b.steps-1] < 0.97*want[0]) {
			t.Errorf("%s does not learn in float32: %v", name, want)
		}
		for step := range want {
			if gap := math.Abs(got[step] - want[step]); !(gap <= 0.05*want[0]) {
				t.Errorf("%s: the loss of step %d is %g, in float32 %g", name, step, got[step], want[step])
			}
		}
		if slices.Equal(got, want) {
			t.Errorf("%s: the losses are those of float32, to the last bit", name)
		}
	}
}

// trained are the losses of a few steps of gradient descent.
func trained(t *testing.T, b smallNetwork, mixed bool) []float64 {
	t.Helper()
	g := tftest.Graph(t)
	n := nn.NewNet(g, 7)
	if mixed {
		n = n.Mixed(false)
	}
	f := b.net.Build(n, examples(g, b.net))
	for what, x := range map[string]tf.Output{"pooled": f.Pooled, "the map": f.Map, "the first block": f.Blocks[0]} {
		if x.DType() != tf.Float32 {
			t.Fatalf("%s is %s", what, x.DType())
		}
	}
	logits := n.Dense("head", f.Pooled, 2, nn.GlorotUniform)
	loss := g.Mean(nn.CrossEntropy(g, logits, g.Const([]int32{0, 1, 0, 1, 1, 0, 1, 0}), 0), false)
	var step []tf.Op
	if b.rate > 0 {
		step = append(step, (&nn.SGD{LearningRate: b.rate}).Apply(n, loss, g.Scalar(b.rate), n.Trainable()).Op)
	}
	s := tftest.Session(t, g)
	losses := make([]float64, b.steps)
	for i := range losses {
		out, err := s.Run(nil, []tf.Output{loss}, step...)
		if err != nil {
			t.Fatal(err)
		}
		losses[i] = out[0].Float()
	}
	return losses
}

// examples are eight images, or texts.
func examples(g *tf.Graph, b Backbone) tf.Output {
	if _, ok := b.(TextBackbone); ok {
		ids := append(texts(), texts()...)
		for i := range ids[24:] {
			if ids[24+i] > 2 {
				ids[24+i] = 13 - ids[24+i]
			}
		}
		return g.Reshape(g.Const(ids), 8, 6)
	}
	const side = 32
	pixels := make([]float32, 8*side*side*3)
	for i := range pixels {
		image, column := i/(side*side*3), i/3%side
		stripes := math.Sin(float64(column) * (0.3 + 0.2*float64(image)))
		pixels[i] = float32(stripes + 0.8*math.Cos(0.013*float64(i*i)))
	}
	return g.Reshape(g.Const(pixels), 8, side, side, 3)
}
