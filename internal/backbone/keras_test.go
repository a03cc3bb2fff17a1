package backbone

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// keras builds networks with the batch-norm momentum of the golden files.
func keras(alpha float64, strides string) *MobileNetV2 {
	return &MobileNetV2{Alpha: alpha, Strides: strides, BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
}

func TestVariablesAreKeras(t *testing.T) {
	raw, err := os.ReadFile("testdata/keras_variables.json")
	if err != nil {
		t.Fatal(err)
	}
	var want map[string][]struct {
		Name      string
		Shape     tf.Shape
		Trainable bool
	}
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	tftest.Load(t)
	for name, alpha := range map[string]float64{"1.0": 1, "0.35": 0.35} {
		g := tf.NewGraph()
		n := nn.NewNet(g, 1)
		keras(alpha, "imagenet").Build(n, g.Placeholder("x", tf.Float32, 2, 64, 64, 3))
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		got := n.Variables()
		if len(got) != len(want[name]) || len(got) != 260 {
			t.Fatalf("alpha %s: %d variables, Keras has %d", name, len(got), len(want[name]))
		}
		for i, w := range want[name] {
			if v := got[i]; v.Name != w.Name || !slices.Equal(v.Shape, w.Shape) || v.Trainable != w.Trainable {
				t.Errorf("alpha %s, variable %d is %s %v trainable %v, in Keras %v", name, i, v.Name, v.Shape, v.Trainable, w)
			}
		}
	}
}

// operations are the two ways of building a network.
var operations = map[string]func(*nn.Net) *nn.Net{
	"stock": func(n *nn.Net) *nn.Net { return n },
	"fused": (*nn.Net).Fused,
}

// results are the outputs of one network or block, named as in the golden files.
type results map[string][]float32

// evaluate builds a network over x in both modes, sets its variables by the
// formula and computes what the golden files hold.
func evaluate(t *testing.T, name string, x []float32, dims []int, of func(*nn.Net) *nn.Net, build func(n *nn.Net, x tf.Output) tf.Output) results {
	t.Helper()
	tftest.Load(t)
	g := tf.NewGraph()
	n := of(nn.NewNet(g, 1))
	input := g.Placeholder("x", tf.Float32, dims...)
	infer, train := build(n.Mode(false), input), build(n, input)

	weights := g.Placeholder("weights", tf.Float32, sizes(train.Shape())...)
	loss := g.Sum(g.Mul(train, weights), false)
	labels, outs := []string{"infer", "train", "dx"}, []tf.Output{infer, train}
	xs := []tf.Output{input}
	for _, v := range n.Trainable() {
		labels, xs = append(labels, "grad/"+v.Name), append(xs, v.Read())
	}
	outs = append(outs, g.Gradients(loss, xs)...)

	feeds, assigns := map[tf.Output]*tf.Tensor{}, []tf.Op{}
	for _, v := range n.Variables() {
		value := g.Placeholder("value/"+v.Name, tf.Float32, sizes(v.Shape)...)
		feeds[value] = tensor(t, formula(v.Name, sizes(v.Shape)), sizes(v.Shape))
		assigns = append(assigns, g.Assign(v, value))
	}
	s := session(t, g)
	fetch(t, s, feeds, nil, assigns...)

	batch := map[tf.Output]*tf.Tensor{
		input:   tensor(t, x, dims),
		weights: tensor(t, uniform("loss/"+name, size(train.Shape()), 0, 1), sizes(train.Shape())),
	}
	r := results{}
	for i, values := range fetch(t, s, batch, outs) {
		r[labels[i]] = values
	}
	fetch(t, s, batch, nil, n.Updates()...)
	labels, outs = nil, nil
	for _, v := range n.Variables() {
		if !v.Trainable {
			labels, outs = append(labels, "moving/"+v.Name), append(outs, v.Read())
		}
	}
	for i, values := range fetch(t, s, nil, outs) {
		r[labels[i]] = values
	}
	return r
}

func session(t *testing.T, g *tf.Graph) *tf.Session {
	t.Helper()
	s, err := tf.NewSession(g, tf.SessionOptions{Threads: 2, Device: tftest.Device()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func fetch(t *testing.T, s *tf.Session, feeds map[tf.Output]*tf.Tensor, outs []tf.Output, ops ...tf.Op) [][]float32 {
	t.Helper()
	got, err := s.Run(feeds, outs, ops...)
	if err != nil {
		t.Fatal(err)
	}
	values := make([][]float32, len(got))
	for i, x := range got {
		values[i] = slices.Clone(x.Float32s())
	}
	return values
}

func tensor(t *testing.T, values []float32, dims []int) *tf.Tensor {
	t.Helper()
	x, err := tf.FromFloat32s(values, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func sizes(shape tf.Shape) []int {
	dims := make([]int, len(shape))
	for i, d := range shape {
		dims[i] = int(d)
	}
	return dims
}

func size(shape tf.Shape) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// distance is the Euclidean distance of got from a.
func (a array) distance(got []float32) float64 {
	if len(got) != len(a.values) {
		return math.Inf(1)
	}
	var sum float64
	for i, v := range a.values {
		d := float64(got[i]) - v
		sum += d * d
	}
	return math.Sqrt(sum)
}

// Each kind of block alone: every value of outputs, gradients and moving
// averages within 1e-4 of Keras's (in float64), relative to the largest one.
func TestBlocksAreKeras(t *testing.T) {
	golden := readNPZ(t, "testdata/keras_blocks.npz")
	c := keras(0.35, "imagenet")
	stem := func(stride int) func(*nn.Net, tf.Output) tf.Output {
		return func(n *nn.Net, x tf.Output) tf.Output { return c.stem(n, x, stride) }
	}
	block := func(index, filters, stride int) func(*nn.Net, tf.Output) tf.Output {
		b := inverted{index: index, expansion: 6, filters: filters, stride: stride}
		if index == 0 {
			b.expansion = 1
		}
		return func(n *nn.Net, x tf.Output) tf.Output { return n.InvertedResidual(c.residual(b), x) }
	}
	for name, k := range map[string]struct {
		dims  []int
		build func(*nn.Net, tf.Output) tf.Output
	}{
		"stem_even":     {[]int{4, 12, 12, 3}, stem(2)},
		"stem_odd":      {[]int{4, 9, 9, 3}, stem(2)},
		"stem_stride1":  {[]int{4, 6, 6, 3}, stem(1)},
		"expanded_conv": {[]int{4, 8, 8, 16}, block(0, 16, 1)},
		"residual":      {[]int{4, 6, 6, 8}, block(2, 24, 1)},
		"widening":      {[]int{4, 4, 4, 24}, block(10, 96, 1)},
		"stride2_even":  {[]int{4, 8, 8, 8}, block(1, 24, 2)},
		"stride2_odd":   {[]int{4, 7, 7, 8}, block(1, 24, 2)},
		"residual_3x3":  {[]int{8, 3, 3, 8}, block(2, 24, 1)},
		"stride2_3x3":   {[]int{8, 3, 3, 8}, block(1, 24, 2)},
		"residual_2x2":  {[]int{8, 2, 2, 8}, block(2, 24, 1)},
		"stride2_2x2":   {[]int{16, 2, 2, 8}, block(1, 24, 2)},
		"residual_1x1":  {[]int{32, 1, 1, 8}, block(2, 24, 1)},
		"stride2_1x1":   {[]int{32, 1, 1, 8}, block(1, 24, 2)},
		"last":          {[]int{4, 2, 2, 8}, c.last},
	} {
		t.Run(name, func(t *testing.T) {
			x := uniform("input/"+name, k.dims[0]*k.dims[1]*k.dims[2]*k.dims[3], 0.5, 2)
			for kind, of := range operations {
				compareGolden(t, golden, name+"/", kind, evaluate(t, name, x, k.dims, of, k.build))
			}
		})
	}
}

func compareGolden(t *testing.T, golden map[string]array, prefix, kind string, got results) {
	t.Helper()
	compared := 0
	for key, want := range golden {
		short, ok := strings.CutPrefix(key, prefix)
		if !ok {
			continue
		}
		compared++
		if d := relative(got[short], want); !(d <= 1e-4) {
			t.Errorf("%s: %s differs from the referee by %.1e of its largest value", kind, short, d)
		}
	}
	if compared != len(got) || compared == 0 {
		t.Errorf("%s: compared %d of %d results", kind, compared, len(got))
	}
}

// relative is the largest difference over the largest value.
func relative(got []float32, want array) float64 {
	if len(got) != len(want.values) {
		return math.Inf(1)
	}
	var worst, largest float64
	for i, v := range want.values {
		worst = max(worst, math.Abs(float64(got[i])-v))
		largest = max(largest, math.Abs(v))
	}
	return worst / largest
}

// Whole networks on real images. The golden values are Keras's in float64, and
// the yardstick is how far Keras in float32 is from them, with oneDNN on or off
// and with fused batch-norm.
func TestNetworksAreAsCloseAsKerasIsToItself(t *testing.T) {
	golden := readNPZ(t, "testdata/keras_network.npz")
	for name, c := range map[string]struct {
		config *MobileNetV2
		pixels int
	}{
		"imagenet_100": {keras(1, "imagenet"), 64},
		"imagenet_035": {keras(0.35, "imagenet"), 64},
		"small_035":    {keras(0.35, "small"), 32},
	} {
		for kind, of := range operations {
			t.Run(name+"/"+kind, func(t *testing.T) {
				x := pixels(golden["images"], c.pixels)
				got := evaluate(t, name, x, []int{8, c.pixels, c.pixels, 3}, of, func(n *nn.Net, x tf.Output) tf.Output {
					return c.config.Build(n, x).Pooled
				})
				compareNetwork(t, golden, name, got)
			})
		}
	}
}

func compareNetwork(t *testing.T, golden map[string]array, name string, got results) {
	t.Helper()
	delete(got, "dx")
	if want := golden[name+"/infer"]; !(want.distance(got["infer"]) <= 1e-5*want.norm()) {
		t.Errorf("inference differs from Keras by %.1e of the output's norm", want.distance(got["infer"])/want.norm())
	}
	var ratios []float64
	for key, values := range got {
		prefix := name + "/" + key
		itself := slices.Max(golden[prefix+"/keras"].values)
		d := estimated(golden, prefix, key, values)
		ratios = append(ratios, d/itself)
		// An estimate from 16 projections is up to 1.5 times too large,
		// and a single small variable can have had luck in Keras. Nothing is
		// asked to be nearer than a few roundings.
		if !(d <= max(tooFar*itself, roundings*golden[prefix].norm())) {
			t.Errorf("%s is %.1e from Keras in float64, %.1f times as far as Keras in float32", key, d, d/itself)
		}
	}
	if len(ratios) != 2+260 {
		t.Errorf("%d results, want output in both modes, 156 gradients and 104 moving averages", len(ratios))
	}
	slices.Sort(ratios)
	t.Logf("distance over Keras's own: median %.2f, largest %.2f", ratios[len(ratios)/2], ratios[len(ratios)-1])
	if median := ratios[len(ratios)/2]; !(median <= 1.5) {
		t.Errorf("half of the results are over %.2f times as far from the truth as Keras in float32", median)
	}
}

// estimated is the distance of values from the golden ones: exact, or for
// gradients estimated from their projections.
func estimated(golden map[string]array, prefix, key string, values []float32) float64 {
	variable, isGradient := strings.CutPrefix(key, "grad/")
	if !isGradient {
		return golden[prefix].distance(values)
	}
	want, ok := golden[prefix+"/projections"]
	if !ok {
		return math.Inf(1)
	}
	var sum float64
	mine := project(variable, values)
	for k, v := range want.values {
		sum += (mine[k] - v) * (mine[k] - v)
	}
	return math.Sqrt(sum / float64(len(mine)))
}

// pixels scales the golden images, uint8 [8, 32, 32, 3], up to size and to -1..1.
func pixels(images array, size int) []float32 {
	const n, side, channels = 8, 32, 3
	factor := size / side
	out := make([]float32, 0, n*size*size*channels)
	for i := range n {
		for y := range size {
			for x := range size {
				at := ((i*side+y/factor)*side + x/factor) * channels
				for _, v := range images.values[at : at+channels] {
					out = append(out, float32(v)/127.5-1)
				}
			}
		}
	}
	return out
}

// tooFar is how many times Keras's own distance a single result may be off.
const tooFar = 4

// roundings is how far, relative to their norm, values in float32 may be from any.
const roundings = 1e-6

// The referee must be able to say no: with an epsilon and a momentum that are
// slightly wrong, nearly every result is beyond what the test above allows.
func TestRefereeSeesSmallDeviations(t *testing.T) {
	golden := readNPZ(t, "testdata/keras_network.npz")
	const name = "small_035"
	c := keras(0.35, "small")
	c.BatchNormEpsilon, c.BatchNormMomentum = 1.1e-3, 0.901
	x := pixels(golden["images"], 32)
	got := evaluate(t, name, x, []int{8, 32, 32, 3}, operations["stock"], func(n *nn.Net, x tf.Output) tf.Output { return c.Build(n, x).Pooled })
	delete(got, "dx")
	noticed := map[string]int{}
	for key, values := range got {
		prefix := name + "/" + key
		if estimated(golden, prefix, key, values) > tooFar*slices.Max(golden[prefix+"/keras"].values) {
			kind, _, _ := strings.Cut(key, "/")
			noticed[kind]++
		}
	}
	t.Logf("noticed: %v", noticed)
	if noticed["infer"] != 1 || noticed["train"] != 1 || noticed["moving"] != 104 || noticed["grad"] < 20 {
		t.Errorf("noticed only %v of infer 1, train 1, moving 104, grad 156", noticed)
	}
}
