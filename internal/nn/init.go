package nn

import (
	"hash/fnv"
	"math"

	"sslpipe/internal/tf"
)

// Initializer builds the initial value of a float32 variable. Random ones are
// stateless (Philox) and keyed by the seed alone.
type Initializer func(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output

// seedFor derives the key of a variable's initial value from the net's seed and
// the variable's name.
func seedFor(seed int64, name string) [2]int64 {
	h := fnv.New64a()
	h.Write([]byte(name)) // a hash never returns an error
	return [2]int64{seed, int64(h.Sum64())}
}

// Zeros fills with 0.
func Zeros(g *tf.Graph, _ [2]int64, shape tf.Shape) tf.Output { return filled(g, shape, 0) }

// Ones fills with 1.
func Ones(g *tf.Graph, _ [2]int64, shape tf.Shape) tf.Output { return filled(g, shape, 1) }

// GlorotUniform draws from U(-a, a), a = sqrt(6 / (fan in + fan out))
// (Glorot and Bengio, AISTATS 2010), the default of Keras's layers. A depthwise
// kernel [k, k, C, 1] counts as Keras counts it: fan in k*k*C, fan out k*k.
func GlorotUniform(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output {
	in, out := fans(shape)
	limit := math.Sqrt(6 / (in + out))
	u := g.RandomUniform(g.Const(seed[:]), ints(shape)...)
	return g.Mul(g.Sub(g.Mul(u, g.Scalar(2)), g.Scalar(1)), g.Scalar(limit))
}

// HeNormal draws from N(0, 2 / fan in), cut off at two standard deviations and
// rescaled to that variance (He et al., ICCV 2015, arXiv:1502.01852).
func HeNormal(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output {
	in, _ := fans(shape)
	// A standard normal cut off at 2 has this standard deviation.
	const cut = 0.87962566103423978
	return TruncatedNormal(math.Sqrt(2/in)/cut)(g, seed, shape)
}

// Normal draws from N(0, std^2).
func Normal(std float64) Initializer {
	return func(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output {
		return g.Mul(g.RandomNormal(g.Const(seed[:]), ints(shape)...), g.Scalar(std))
	}
}

// TruncatedNormal draws from N(0, std^2) and redraws what lies beyond two std.
func TruncatedNormal(std float64) Initializer {
	return func(g *tf.Graph, seed [2]int64, shape tf.Shape) tf.Output {
		return g.Mul(g.RandomTruncatedNormal(g.Const(seed[:]), ints(shape)...), g.Scalar(std))
	}
}

// fans counts the inputs and outputs of one unit of a kernel [..., in, out].
func fans(shape tf.Shape) (in, out float64) {
	switch len(shape) {
	case 0:
		return 1, 1
	case 1:
		return float64(shape[0]), float64(shape[0])
	}
	field := 1.0
	for _, d := range shape[:len(shape)-2] {
		field *= float64(d)
	}
	return field * float64(shape[len(shape)-2]), field * float64(shape[len(shape)-1])
}

func filled(g *tf.Graph, shape tf.Shape, value float64) tf.Output {
	return g.BroadcastTo(g.Scalar(value), ints(shape)...)
}

func ints(shape tf.Shape) []int {
	dims := make([]int, len(shape))
	for i, d := range shape {
		dims[i] = int(d)
	}
	return dims
}
