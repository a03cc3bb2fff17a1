package tf_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// classifier is a small network with what MobileNetV2 has: convolutions,
// batch-norm, ReLU6, pooling and a dense layer.
type classifier struct {
	images, features, logits tf.Output
}

func classify(g *tf.Graph, batch int, start func(name string, n int) []float32) classifier {
	weights := func(name string, trainable bool, dims ...int) tf.Output {
		shape := make(tf.Shape, len(dims))
		for i, d := range dims {
			shape[i] = int64(d)
		}
		return g.Variable(name, tf.Float32, shape, func(g *tf.Graph) tf.Output {
			return g.Reshape(g.Const(start(name, product(dims))), dims...)
		}, trainable).Read()
	}
	var c classifier
	c.images = g.Placeholder("images", tf.Float32, batch, 8, 8, 3)
	h := g.Conv2D(g.Mul(c.images, g.Scalar(1.0/255)), weights("Conv1/kernel", true, 3, 3, 3, 8), 2, "SAME")
	h, _, _ = g.FusedBatchNorm(h, weights("bn_Conv1/gamma", true, 8), weights("bn_Conv1/beta", true, 8),
		weights("bn_Conv1/moving_mean", false, 8), weights("bn_Conv1/moving_variance", false, 8), 1e-3, false)
	h = g.DepthwiseConv2D(g.Relu6(h), weights("expanded_conv_depthwise/depthwise_kernel", true, 3, 3, 8, 1), 1, "SAME")
	c.features = g.OpNamed("features", "Identity", nil, g.Mean(h, false, 1, 2))[0]
	dense := g.BiasAdd(g.MatMul(c.features, weights("head/kernel", true, 8, 5), false, false), weights("head/bias", true, 5))
	c.logits = g.OpNamed("logits", "Identity", nil, dense)[0]
	return c
}

func trained(name string, n int) []float32 {
	values := positive(n)
	if strings.HasSuffix(name, "kernel") {
		values = wave(n, float64(len(name)))
	}
	return values
}

func zeros(_ string, n int) []float32 { return make([]float32, n) }

func (c classifier) signatures() []tf.Signature {
	in := map[string]tf.Output{"images": c.images}
	serving := map[string]tf.Output{"logits": c.logits}
	return []tf.Signature{
		{Name: "serving_default", Inputs: in, Outputs: serving},
		{Name: "serve", Inputs: in, Outputs: serving},
		{Name: "features", Inputs: in, Outputs: map[string]tf.Output{"features": c.features}},
	}
}

func pixels(batch int) []float32 {
	values := wave(batch*8*8*3, 2)
	for i, v := range values {
		values[i] = float32(math.Round(127.5 + 70*float64(v)))
	}
	return values
}

// exported trains nothing: it writes a checkpoint of a graph with weights, as
// training would, and exports a second graph with it. It returns the model's
// folder, and the logits and features of the first graph.
func exported(t *testing.T) (dir string, logits, features []float32) {
	t.Helper()
	g := newGraph(t)
	c := classify(g, 4, trained)
	// What training has besides: an optimiser's slot and a step.
	g.Variable("optimizer/step", tf.Int64, tf.Shape{}, func(g *tf.Graph) tf.Output { return g.Const(int64(9)) }, false)
	saver := g.Saver(g.Variables())
	s := tftest.Session(t, g)
	x, err := tf.FromFloat32s(pixels(4), 4, 8, 8, 3)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(map[tf.Output]*tf.Tensor{c.images: x}, []tf.Output{c.logits, c.features})
	if err != nil {
		t.Fatal(err)
	}
	prefix := filepath.Join(t.TempDir(), "checkpoint", "weights")
	if err := saver.Save(s, prefix); err != nil {
		t.Fatal(err)
	}
	dir = filepath.Join(t.TempDir(), "models", "1")
	h := tf.NewGraph()
	// The nodes that only training needs stay behind.
	h.Scope("save").Relu(h.Placeholder("labels", tf.Float32))
	if err := tf.ExportSavedModel(dir, h, classify(h, -1, zeros).signatures(), prefix); err != nil {
		t.Fatal(err)
	}
	return dir, out[0].Float32s(), out[1].Float32s()
}

func TestSavedModelInGo(t *testing.T) {
	dir, logits, features := exported(t)
	m, err := tf.LoadModel(dir, tf.SessionOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	x, err := tf.FromFloat32s(pixels(4), 4, 8, 8, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		signature, output string
		want              []float32
	}{{"serving_default", "logits", logits}, {"serve", "logits", logits}, {"features", "features", features}} {
		out, err := m.Run(c.signature, map[string]*tf.Tensor{"images": x})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out[c.output].Float32s(), c.want) {
			t.Errorf("%s gives %v, the training graph %v", c.signature, out[c.output].Float32s(), c.want)
		}
	}
	signatures := m.Signatures()
	if len(signatures) != 3 || signatures[2].Name != "serving_default" || signatures[2].Inputs["images"].Shape().String() != "[?, 8, 8, 3]" {
		t.Errorf("the signatures are %+v", signatures)
	}
	_, err = m.Run("nonesuch", nil)
	wantError(t, err, `no signature "nonesuch"`, "features serve serving_default")
	_, err = m.Run("serve", map[string]*tf.Tensor{"image": x})
	wantError(t, err, "takes [images], not [image]")
}

// Two exports of one model are the same bytes, and the second takes the place of
// the first in one step.
func TestSavedModelBytes(t *testing.T) {
	a, _, _ := exported(t)
	b, _, _ := exported(t)
	files := func(dir string) (names []string, content [][]byte) {
		t.Helper()
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			raw, err := os.ReadFile(path)
			names, content = append(names, strings.TrimPrefix(path, dir)), append(content, raw)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return names, content
	}
	names, before := files(a)
	if want := []string{"/saved_model.pb", "/variables/variables.data-00000-of-00001", "/variables/variables.index"}; !slices.Equal(names, want) {
		t.Errorf("the files are %q", names)
	}
	if _, again := files(b); !slices.EqualFunc(before, again, bytes.Equal) {
		t.Error("two exports differ")
	}
	index, err := tf.ReadIndex(filepath.Join(a, "variables", "variables"))
	if err != nil || len(index) != 8 {
		t.Errorf("the model has %d variables, %v; want 8, without the optimiser's", len(index), err)
	}
	if bytes.Contains(before[0], []byte("labels")) || bytes.Contains(before[0], []byte("debug_name")) {
		t.Error("the graph holds nodes or default attributes that no reader needs")
	}
	if err := os.WriteFile(filepath.Join(a, "old"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	g := tf.NewGraph()
	if err := tf.ExportSavedModel(a, g, classify(g, -1, zeros).signatures(), filepath.Join(b, "variables", "variables")); err != nil {
		t.Fatal(err)
	}
	if names, _ := files(filepath.Dir(a)); len(names) != 3 {
		t.Errorf("replacing a model leaves %q", names)
	}
}

func TestExportRefusals(t *testing.T) {
	dir, _, _ := exported(t)
	prefix := filepath.Join(dir, "variables", "variables")
	for name, c := range map[string]struct {
		change func(g *tf.Graph, c classifier) []tf.Signature
		want   string
	}{
		"no signatures": {func(*tf.Graph, classifier) []tf.Signature { return nil }, "no signatures"},
		"name":          {func(_ *tf.Graph, c classifier) []tf.Signature { return []tf.Signature{{Name: "_x"}} }, `"_x"`},
		"twice": {func(_ *tf.Graph, c classifier) []tf.Signature { return append(c.signatures(), c.signatures()...) },
			`"serving_default" is empty`},
		"no outputs": {func(_ *tf.Graph, c classifier) []tf.Signature {
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.images}}}
		}, "lacks inputs or outputs"},
		"input": {func(_ *tf.Graph, c classifier) []tf.Signature {
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.features}, Outputs: map[string]tf.Output{"y": c.logits}}}
		}, "input x is not a placeholder"},
		"foreign output": {func(_ *tf.Graph, c classifier) []tf.Signature {
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.images}, Outputs: map[string]tf.Output{"y": {}}}}
		}, "output y is not of this graph"},
		"another placeholder": {func(g *tf.Graph, c classifier) []tf.Signature {
			y := g.Mul(c.logits, g.Placeholder("scale", tf.Float32))
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.images}, Outputs: map[string]tf.Output{"y": y}}}
		}, "output y depends on the placeholder scale"},
		"no variables": {func(g *tf.Graph, c classifier) []tf.Signature {
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.images}, Outputs: map[string]tf.Output{"y": g.Relu(c.images)}}}
		}, "no variable"},
		"missing values": {func(g *tf.Graph, c classifier) []tf.Signature {
			y := g.Add(c.logits, g.Variable("more", tf.Float32, tf.Shape{5}, nil, true).Read())
			return []tf.Signature{{Name: "s", Inputs: map[string]tf.Output{"x": c.images}, Outputs: map[string]tf.Output{"y": y}}}
		}, "1 of 9 variables do not fit: more is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			g := tf.NewGraph()
			parent := t.TempDir()
			signatures := c.change(g, classify(g, -1, zeros))
			wantError(t, tf.ExportSavedModel(filepath.Join(parent, "m"), g, signatures, prefix), "export SavedModel", c.want)
			if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
				t.Errorf("a failed export leaves %v, %v", left, err)
			}
		})
	}
	_, err := tf.LoadModel(t.TempDir(), tf.SessionOptions{})
	wantError(t, err, "load SavedModel", "saved_model.pb: no such file")
	if err := os.WriteFile(filepath.Join(dir, "saved_model.pb"), []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = tf.LoadModel(dir, tf.SessionOptions{})
	wantError(t, err, "load SavedModel")
}

// Python readers of the model are referees of its format.
func TestSavedModelInPython(t *testing.T) {
	python := os.Getenv("SSLPIPE_REFEREE_PYTHON")
	if python == "" {
		t.Skip("SSLPIPE_REFEREE_PYTHON does not name a Python with tensorflow, tf2onnx and onnxruntime")
	}
	dir, logits, features := exported(t)
	expected, err := json.Marshal(map[string]any{
		"images": pixels(4), "shape": []int{4, 8, 8, 3}, "logits": logits, "features": features, "variables": 8, "trainable": 6,
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, expected, 0o644); err != nil {
		t.Fatal(err)
	}
	referee := exec.Command(python, "testdata/check_savedmodel.py", dir, file)
	// Keras refuses to draw without a seed when this is set, which is our setting.
	referee.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_DETERMINISTIC_OPS=") }),
		"TF_CPP_MIN_LOG_LEVEL=2")
	out, err := referee.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
