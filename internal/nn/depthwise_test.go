package nn_test

import (
	"fmt"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// Every path for small maps gives what the plain operation with SAME padding
// gives, forward and in both gradients.
func TestSmallMapsEqualThePlainOperation(t *testing.T) {
	const batch, channels = 3, 5
	for _, stride := range []int{1, 2} {
		for _, size := range [][2]int{{1, 1}, {2, 2}, {3, 3}, {1, 2}, {2, 5}, {1, 6}, {4, 4}, {5, 3}} {
			t.Run(fmt.Sprintf("%dx%d stride %d", size[0], size[1], stride), func(t *testing.T) {
				g := newGraph(t)
				n := nn.NewNet(g, 9)
				count := batch * size[0] * size[1] * channels
				x := g.Reshape(g.Const(wave(count, 0)), batch, size[0], size[1], channels)
				ours := n.DepthwiseConv2D("d", x, 3, stride, "SAME")
				kernel := n.Variables()[0].Read()
				plain := g.DepthwiseConv2D(x, kernel, stride, "SAME")
				if a, b := fmt.Sprint(ours.Shape()), fmt.Sprint(plain.Shape()); a != b {
					t.Fatalf("shape %s, plain %s", a, b)
				}
				outs := []tf.Output{ours, plain}
				outs = append(outs, g.Gradients(weighted(g, ours), []tf.Output{x, kernel})...)
				outs = append(outs, g.Gradients(weighted(g, plain), []tf.Output{x, kernel})...)
				got := fetch(t, tftest.Session(t, g), outs...)
				near(t, "output", got[0], got[1], 2e-6)
				near(t, "gradient of the map", got[2], got[4], 2e-6)
				near(t, "gradient of the kernel", got[3], got[5], 5e-6)
			})
		}
	}
}
