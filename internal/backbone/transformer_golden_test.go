package backbone

import (
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
)

// The networks of testdata/make_transformer_golden.py.
const (
	goldenWidth, goldenDepth, goldenHeads = 16, 2, 2
	goldenHidden                          = 40
)

// tokenFormula is the value of a variable; the script's function formula.
func tokenFormula(path string, dims []int) []float32 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	switch kind := path[strings.LastIndex(path, "/")+1:]; {
	case kind == "kernel":
		return uniform(path, n, 0, math.Sqrt(6/float64(dims[0])))
	case kind == "gamma" && strings.Contains(path, "scale"):
		return uniform(path, n, 0.5, 0.3)
	case kind == "gamma":
		return uniform(path, n, 1, 0.3)
	case kind == "beta", kind == "bias":
		return uniform(path, n, 0, 0.3)
	}
	return uniform(path, n, 0, 0.8)
}

// checkGolden compares the features of an input, and the gradients that the script's
// loss has at every variable, with those of another program: within 1e-4 of the
// largest of the same tensor.
func checkGolden(t *testing.T, golden map[string]array, name string, x *tf.Tensor, build func(n *nn.Net, x tf.Output) Features) {
	t.Helper()
	g := tf.NewGraph()
	n := nn.NewNet(g, 1)
	in := g.Placeholder("x", x.DType(), x.Dims()...)
	f := build(n, in)
	outs := map[string]tf.Output{"pooled": f.Pooled, "map": f.Map, "block": f.Blocks[1]}
	var losses, all []tf.Output
	var labels []string
	for _, k := range []string{"pooled", "map", "block"} {
		weights := g.Reshape(g.Const(uniform("loss/"+name+"/"+k, size(outs[k].Shape()), 0, 1)), sizes(outs[k].Shape())...)
		losses = append(losses, g.Sum(g.Mul(outs[k], weights), false))
		labels, all = append(labels, k), append(all, outs[k])
	}
	var reads []tf.Output
	for _, v := range n.Trainable() {
		reads, labels = append(reads, v.Read()), append(labels, "grad/"+v.Name)
	}
	all = append(all, g.Gradients(g.AddN(losses), reads)...)
	got := evaluateGolden(t, g, n, map[tf.Output]*tf.Tensor{in: x}, all)

	var wanted []string
	for key := range golden {
		if label, ok := strings.CutPrefix(key, name+"/"); ok {
			wanted = append(wanted, label)
		}
	}
	slices.Sort(wanted)
	if have := slices.Sorted(slices.Values(labels)); !slices.Equal(have, wanted) {
		t.Fatalf("%s has %v, want %v", name, have, wanted)
	}
	largest := 0.0 // of all gradients: that of a key's bias is 0 but for rounding
	for _, label := range labels {
		largest = max(largest, golden[name+"/"+label].largest())
	}
	for i, label := range labels {
		want := golden[name+"/"+label]
		scale := want.largest()
		if strings.HasSuffix(label, "key/bias") {
			scale = largest
		}
		if len(got[i]) != len(want.values) {
			t.Fatalf("%s %s has %d values, want %d", name, label, len(got[i]), len(want.values))
		}
		for j, v := range want.values {
			if d := math.Abs(float64(got[i][j]) - v); !(d <= 1e-4*scale) {
				t.Errorf("%s %s[%d] is %v, want %v (the largest is %v)", name, label, j, got[i][j], v, scale)
				break
			}
		}
	}
}

// evaluateGolden gives every variable its value by the formula.
func evaluateGolden(t *testing.T, g *tf.Graph, n *nn.Net, feeds map[tf.Output]*tf.Tensor, outs []tf.Output) [][]float32 {
	t.Helper()
	values, assigns := map[tf.Output]*tf.Tensor{}, []tf.Op{}
	for _, v := range n.Variables() {
		value := g.Placeholder("value/"+v.Name, tf.Float32, sizes(v.Shape)...)
		values[value] = tensor(t, tokenFormula(v.Name, sizes(v.Shape)), sizes(v.Shape))
		assigns = append(assigns, g.Assign(v, value))
	}
	s := session(t, g)
	fetch(t, s, values, nil, assigns...)
	return fetch(t, s, feeds, outs)
}

// largest is the largest absolute value.
func (a array) largest() float64 {
	most := 0.0
	for _, v := range a.values {
		most = max(most, math.Abs(v))
	}
	return most
}
