package tf_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// learner is a small convolutional network that learns noise: enough operations
// for several orders of summation.
type learner struct {
	g       *tf.Graph
	x       tf.Output
	loss    tf.Output
	step    tf.Op
	kernels []*tf.Variable
	saver   *tf.Saver
}

func newLearner() learner {
	g := tf.NewGraph()
	l := learner{g: g, x: g.Placeholder("x", tf.Float32, 16, 16, 16, 3)}
	kernel := func(name string, dims ...int) tf.Output {
		shape := make(tf.Shape, len(dims))
		for i, d := range dims {
			shape[i] = int64(d)
		}
		v := g.Variable(name, tf.Float32, shape, func(g *tf.Graph) tf.Output {
			return g.Mul(g.RandomNormal(g.Const([]int64{int64(len(name)), 3}), dims...), g.Scalar(0.1))
		}, true)
		l.kernels = append(l.kernels, v)
		return v.Read()
	}
	none := g.Const([]float32{})
	h := g.Conv2D(l.x, kernel("stem/kernel", 3, 3, 3, 16), 2, "SAME")
	h, _, _ = g.FusedBatchNorm(h, kernel("norm/gamma", 16), kernel("norm/offset", 16), none, none, 1e-3, true)
	h = g.DepthwiseConv2D(g.Relu6(h), kernel("deep/kernel/depthwise", 3, 3, 16, 1), 1, "SAME")
	logits := g.MatMul(g.Mean(h, false, 1, 2), kernel("head/kernel/of/it", 16, 4), false, false)
	labels := make([]int, 16)
	for i := range labels {
		labels[i] = i % 4
	}
	l.loss = g.Mean(g.SoftmaxCrossEntropy(logits, g.OneHot(g.Ints(labels...), 4)), false)
	reads := make([]tf.Output, len(l.kernels))
	for i, v := range l.kernels {
		reads[i] = v.Read()
	}
	steps := make([]tf.Op, len(reads))
	for i, grad := range g.Gradients(l.loss, reads) {
		steps[i] = g.AssignSub(l.kernels[i], g.Mul(grad, g.Scalar(0.05)))
	}
	l.step = g.Group(steps...)
	l.saver = g.Saver(g.Variables())
	return l
}

// run takes n steps and returns the bits of their losses.
func (l learner) run(s *tf.Session, n int) ([]uint32, error) {
	x, err := tf.FromFloat32s(wave(16*16*16*3, 1), 16, 16, 16, 3)
	if err != nil {
		return nil, err
	}
	var bits []uint32
	for range n {
		out, err := s.Run(map[tf.Output]*tf.Tensor{l.x: x}, []tf.Output{l.loss}, l.step)
		if err != nil {
			return nil, err
		}
		bits = append(bits, math.Float32bits(out[0].Float32s()[0]))
	}
	return bits, nil
}

// train starts anew and returns the bits of the losses of n steps and of the
// weights after them.
func (l learner) train(threads, n int) ([]uint32, error) {
	start := l.g.InitOp()
	s, err := tf.NewSession(l.g, tf.SessionOptions{Threads: threads})
	if err != nil {
		return nil, err
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Run(nil, nil, start); err != nil {
		return nil, err
	}
	bits, err := l.run(s, n)
	if err != nil {
		return nil, err
	}
	for _, v := range l.kernels {
		out, err := s.Run(nil, []tf.Output{v.Read()})
		if err != nil {
			return nil, err
		}
		for _, w := range out[0].Float32s() {
			bits = append(bits, math.Float32bits(w))
		}
	}
	return bits, nil
}

// The same run gives the same bits, alone or beside other sessions that keep the
// machine busy, for each number of threads.
func TestRunsAreBitwiseRepeatable(t *testing.T) {
	tftest.Load(t)
	for _, threads := range []int{1, 2} {
		want, err := newLearner().train(threads, 20)
		if err != nil {
			t.Fatal(err)
		}
		if want[0] == want[19] {
			t.Fatal("the loss does not change")
		}
		var beside sync.WaitGroup
		results := make([][]uint32, 3)
		for i := range results {
			beside.Go(func() {
				var err error
				if results[i], err = newLearner().train(threads, 20); err != nil {
					t.Error(err)
				}
			})
		}
		beside.Wait()
		for i, got := range results {
			if !slices.Equal(got, want) {
				t.Errorf("%d threads: session %d of three at once differs in its bits from one alone", threads, i)
			}
		}
	}
}

// A run that stops, is saved, and goes on in another session from the checkpoint
// gives the bits of one that does not stop.
func TestResumeIsBitwise(t *testing.T) {
	tftest.Load(t)
	prefix := t.TempDir() + "/weights"
	want, err := newLearner().train(1, 12)
	if err != nil {
		t.Fatal(err)
	}
	first, second := newLearner(), newLearner()
	s := tftest.Session(t, first.g)
	before, err := first.run(s, 6)
	if err := errors.Join(err, first.saver.Save(s, prefix)); err != nil {
		t.Fatal(err)
	}
	r := tftest.Session(t, second.g)
	if err := second.saver.Restore(r, prefix); err != nil {
		t.Fatal(err)
	}
	after, err := second.run(r, 6)
	if err != nil {
		t.Fatal(err)
	}
	if got := append(before, after...); !slices.Equal(got, want[:12]) {
		t.Errorf("losses with a stop are %v, without %v", got, want[:12])
	}
}

// threads counts the threads of this process.
func threads(t *testing.T) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(tasks)
}

// Each session has its own threads, as many as it asked for and one between
// operations, whatever sessions came before. A few more may be Go's.
func TestThreadsOfSessions(t *testing.T) {
	g := newGraph(t)
	var open []*tf.Session
	for i, n := range []int{16, 8, 24} {
		before := threads(t)
		s, err := tf.NewSession(g, tf.SessionOptions{Threads: n})
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, s)
		if got := threads(t) - before; got < n+1 || got > n+5 {
			t.Errorf("session %d asked for %d threads and started %d", i, n, got)
		}
	}
	for _, s := range open {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSessionRefusals(t *testing.T) {
	g := newGraph(t)
	x := g.Placeholder("x", tf.Float32, -1, 3)
	y := g.Relu(x)
	s := tftest.Session(t, g)
	fits, err := tf.FromFloat32s(make([]float32, 6), 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	short, _ := tf.FromFloat32s(make([]float32, 4), 2, 2)
	whole, _ := tf.FromInt32s(make([]int32, 6), 2, 3)
	feed := func(t *tf.Tensor) map[tf.Output]*tf.Tensor { return map[tf.Output]*tf.Tensor{x: t} }
	for name, c := range map[string]struct {
		feeds   map[tf.Output]*tf.Tensor
		fetch   tf.Output
		targets []tf.Op
		want    []string
	}{
		"shape":          {feed(short), y, nil, []string{"feed x:0: it takes float32 [?, 3], not float32 [2, 2]"}},
		"type":           {feed(whole), y, nil, []string{"feed x:0: it takes float32 [?, 3], not int32 [2, 3]"}},
		"no tensor":      {feed(nil), y, nil, []string{"feed x:0: there is no tensor"}},
		"nothing fed":    {nil, y, nil, []string{"You must feed a value for placeholder"}},
		"zero fetch":     {feed(fits), tf.Output{}, nil, []string{"fetch 0 is not of this session's graph"}},
		"foreign fetch":  {feed(fits), tf.NewGraph().Scalar(1), nil, []string{"fetch 0 is not of this session's graph"}},
		"zero target":    {feed(fits), y, []tf.Op{{}}, []string{"target 0 is not of this session's graph"}},
		"foreign feed":   {map[tf.Output]*tf.Tensor{{}: fits}, y, nil, []string{"feed 0 is not of this session's graph"}},
		"foreign target": {feed(fits), y, []tf.Op{tf.NewGraph().Scalar(1).Op()}, []string{"target 0"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Run(c.feeds, []tf.Output{c.fetch}, c.targets...)
			wantError(t, err, append(c.want, "run graph")...)
		})
	}
	if out, err := s.Run(nil, nil); out != nil || err != nil {
		t.Errorf("an empty run gives %v, %v", out, err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	_, err = s.Run(map[tf.Output]*tf.Tensor{x: fits}, []tf.Output{y})
	wantError(t, err, "session is closed")
}

func TestDevices(t *testing.T) {
	g := newGraph(t)
	list, err := tf.Devices()
	if err != nil || len(list) == 0 || list[0].Type != "CPU" || !strings.Contains(list[0].Name, "CPU:0") {
		t.Fatalf("devices are %+v, %v", list, err)
	}
	if slices.ContainsFunc(list, func(d tf.DeviceInfo) bool { return d.Type == "GPU" }) {
		t.Skip("there is a GPU")
	}
	_, err = tf.NewSession(g, tf.SessionOptions{Device: tf.GPU})
	wantError(t, err, "sees no GPU, only CPU", "sslpipe doctor --device gpu")
	_, err = tf.NewSession(g, tf.SessionOptions{Device: "tpu"})
	wantError(t, err, `no device "tpu"`, "cpu and gpu")
}

// Feeds are not copied, may be refilled between runs, and do not leak into
// variables; results are the caller's own.
func TestTensorMemory(t *testing.T) {
	g := newGraph(t)
	x := g.Placeholder("x", tf.Float32, 4)
	v := g.Variable("v", tf.Float32, tf.Shape{2, 2}, func(g *tf.Graph) tf.Output { return g.Const([2][2]float32{}) }, true)
	set := g.Assign(v, g.Identity(g.Reshape(x, 2, 2)))
	same := g.Identity(x)
	s := tftest.Session(t, g)
	fed, err := tf.Alloc(tf.Float32, 4)
	if err != nil {
		t.Fatal(err)
	}
	run := func(fetch tf.Output, targets ...tf.Op) []float32 {
		t.Helper()
		out, err := s.Run(map[tf.Output]*tf.Tensor{x: fed}, []tf.Output{fetch}, targets...)
		if err != nil {
			t.Fatal(err)
		}
		return out[0].Float32s()
	}
	copy(fed.Float32s(), []float32{1, 2, 3, 4})
	run(same, set)
	first := run(v.Read())
	copy(fed.Float32s(), []float32{5, 6, 7, 8})
	if got := run(v.Read()); !slices.Equal(got, []float32{1, 2, 3, 4}) {
		t.Errorf("refilling a feed changed a variable to %v", got)
	}
	run(same, set)
	runtime.GC()
	if !slices.Equal(first, []float32{1, 2, 3, 4}) {
		t.Errorf("a later step changed an earlier result to %v", first)
	}
	if got := run(same); !slices.Equal(got, []float32{5, 6, 7, 8}) {
		t.Errorf("the refilled feed arrives as %v", got)
	}
}

func TestTensors(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	names := g.Placeholder("names", tf.String, -1)
	table := g.Reshape(g.Const([]string{"a", "", "\x00\xff", "long enough to be on the heap of a tstring"}), 2, 1, 2)
	scalar := g.Const("one")
	s := tftest.Session(t, g)
	in, err := tf.FromStrings([]string{"x", "\xfe\x00y"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(map[tf.Output]*tf.Tensor{names: in}, []tf.Output{g.Identity(names), table, scalar})
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%q %q %q", out[0].Strings(), out[1].Strings(), out[2].Strings()); got !=
		`["x" "\xfe\x00y"] ["a" "" "\x00\xff" "long enough to be on the heap of a tstring"] ["one"]` {
		t.Errorf("strings are %s", got)
	}
	// A result may be fed.
	if again, err := s.Run(map[tf.Output]*tf.Tensor{names: out[0]}, []tf.Output{g.Identity(names)}); err != nil || again[0].Strings()[1] != "\xfe\x00y" {
		t.Errorf("a fed result gives %v, %v", again, err)
	}
	n, err := tf.FromInt64s([]int64{-3}, 1)
	if err != nil || n.Float() != -3 || n.Int64s()[0] != -3 || n.Int32s() != nil || n.DType() != tf.Int64 || !slices.Equal(n.Dims(), []int{1}) {
		t.Errorf("the int64 tensor is %v, %v", n, err)
	}
	empty, err := tf.Alloc(tf.Float32, 0, 5)
	if err != nil || len(empty.Float32s()) != 0 || !math.IsNaN(empty.Float()) {
		t.Errorf("the empty tensor is %v, %v", empty, err)
	}
	_, err = tf.FromUint8s([]uint8{1, 2}, 3)
	wantError(t, err, "2 values do not fill the shape [3]")
	_, err = tf.Alloc(tf.Float32, 1<<30, 1<<30)
	wantError(t, err, "no shape")
	_, err = tf.Alloc(tf.Float32, -1)
	wantError(t, err, "no shape")
	_, err = tf.Alloc(tf.String)
	wantError(t, err, "no fixed size")
	_, err = tf.FromStrings([]string{"a"}, 2)
	wantError(t, err, "1 strings")
}

// One step of each fused optimiser, by its formula.
func TestOptimiserSteps(t *testing.T) {
	g := newGraph(t)
	value := func(name string, x float64) *tf.Variable {
		return g.Variable(name, tf.Float32, tf.Shape{1}, func(g *tf.Graph) tf.Output { return g.Const([]float32{float32(x)}) }, true)
	}
	k := g.Scalar
	grad := g.Const([]float32{0.5})
	plain, nesterov, adam := value("plain", 1), value("nesterov", 1), value("adam", 1)
	a, b, m, v := value("a", 2), value("b", 2), value("m", 0.2), value("v", 0.3)
	step := g.Group(
		g.ApplyMomentum(plain, a, k(0.1), grad, k(0.9), false),
		g.ApplyMomentum(nesterov, b, k(0.1), grad, k(0.9), true),
		g.ApplyAdam(adam, m, v, k(0.81), k(0.998), k(0.1), k(0.9), k(0.999), k(1e-7), grad),
	)
	s := tftest.Session(t, g)
	if _, err := s.Run(nil, nil, step); err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(nil, []tf.Output{plain.Read(), a.Read(), nesterov.Read(), adam.Read(), m.Read(), v.Read()})
	if err != nil {
		t.Fatal(err)
	}
	m1, v1 := 0.9*0.2+0.1*0.5, 0.999*0.3+0.001*0.25
	rate := 0.1 * math.Sqrt(1-0.998) / (1 - 0.81)
	for i, want := range []float64{1 - 0.1*2.3, 2.3, 1 - 0.1*(0.5+0.9*2.3), 1 - rate*m1/(math.Sqrt(v1)+1e-7), m1, v1} {
		if got := out[i].Float(); math.Abs(got-want) > 1e-5 {
			t.Errorf("value %d is %v, want %v", i, got, want)
		}
	}
}

func TestFloatOfEveryType(t *testing.T) {
	g := newGraph(t)
	values := []any{float32(3), float64(3), int32(3), int64(3), uint8(3), uint32(3), uint64(3), 3}
	outs := make([]tf.Output, len(values))
	for i, v := range values {
		outs[i] = g.Const(v)
	}
	outs = append(outs, g.Equal(g.Const([]bool{true}), g.Const([]bool{true})))
	results, err := tftest.Session(t, g).Run(nil, outs)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if want := map[bool]float64{true: 3, false: 1}[i < len(values)]; r.Float() != want {
			t.Errorf("%s %v is %v", r.DType(), r.Dims(), r.Float())
		}
	}
	if results[5].Uint32s()[0] != 3 || results[6].Uint64s()[0] != 3 || !results[8].Bools()[0] || results[0].Uint32s() != nil {
		t.Error("elements are not what was put in")
	}
}
