package nn_test

import (
	"math"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

func TestInitializers(t *testing.T) {
	conv, depthwise, dense := tf.Shape{3, 3, 8, 32}, tf.Shape{3, 3, 256, 1}, tf.Shape{64, 32}
	for _, c := range []struct {
		name  string
		init  nn.Initializer
		shape tf.Shape
		std   float64 // of the distribution
		limit float64 // that no draw exceeds, and some come near
	}{
		// sqrt(6/(72+288)), sqrt(6/(2304+9)), sqrt(6/96); a uniform's sd is limit/sqrt(3).
		{"glorot conv", nn.GlorotUniform, conv, 0.0745356, 0.1290994},
		{"glorot depthwise", nn.GlorotUniform, depthwise, 0.0294053, 0.0509315},
		{"glorot dense", nn.GlorotUniform, dense, 0.1443376, 0.25},
		// sqrt(2/72), cut at 2*0.1666667/0.8796257.
		{"he", nn.HeNormal, conv, 0.1666667, 0.3789490},
		{"truncated", nn.TruncatedNormal(0.02), conv, 0.0175925, 0.04},
		{"normal", nn.Normal(0.01), conv, 0.01, 0.05},
	} {
		g := newGraph(t)
		values := fetch(t, tftest.Session(t, g), c.init(g, [2]int64{5, 6}, c.shape))[0]
		var sum, squares, largest float64
		for _, v := range values {
			sum += float64(v)
			squares += float64(v) * float64(v)
			largest = max(largest, math.Abs(float64(v)))
		}
		size := float64(len(values))
		mean, std := sum/size, math.Sqrt(squares/size)
		if math.Abs(mean) > 4*c.std/math.Sqrt(size) || math.Abs(std/c.std-1) > 0.06 {
			t.Errorf("%s: mean %v, sd %v, want 0 and %v", c.name, mean, std, c.std)
		}
		if largest > c.limit*1.000001 || largest < 0.6*c.limit {
			t.Errorf("%s: largest %v, limit %v", c.name, largest, c.limit)
		}
	}
}

func TestConstantInitializers(t *testing.T) {
	g := newGraph(t)
	got := fetch(t, tftest.Session(t, g), nn.Zeros(g, [2]int64{}, tf.Shape{2}), nn.Ones(g, [2]int64{}, tf.Shape{2, 1}))
	near(t, "zeros", got[0], []float32{0, 0}, 0)
	near(t, "ones", got[1], []float32{1, 1}, 0)
}
