package tf_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// array is what Python computed.
type array struct {
	dims   []int
	values []float32
}

func (a array) tensor(t *testing.T) *tf.Tensor {
	t.Helper()
	x, err := tf.FromFloat32s(a.values, a.dims...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// readExpected reads what testdata/make_keras.py wrote beside its models.
func readExpected(t *testing.T, dir string) map[string]array {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, "expected.f32"))
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Name  string
		Shape []int
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	arrays := map[string]array{}
	for _, a := range list {
		values := make([]float32, product(a.Shape))
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
		raw = raw[4*len(values):]
		arrays[a.Name] = array{a.Shape, values}
	}
	return arrays
}

// checkVariables compares a model's variables with Keras's: their paths, shapes
// and bits.
func checkVariables(t *testing.T, dir string, expected map[string]array) map[string]*tf.Tensor {
	t.Helper()
	got, err := tf.ModelVariables(dir)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range expected {
		name, ok := strings.CutPrefix(key, "variables/")
		if !ok {
			continue
		}
		if v := got[name]; v == nil || !slices.Equal(v.Dims(), want.dims) || !slices.Equal(v.Float32s(), want.values) {
			t.Errorf("%s is not Keras's", name)
		}
	}
	if len(got) != len(expected)-2 {
		t.Errorf("there are %d variables, Keras has %d", len(got), len(expected)-2)
	}
	return got
}

// asKeras makes a model see what the golden models see.
func asKeras(images array) tf.HeadOptions {
	return tf.HeadOptions{Input: [3]int(images.dims[1:]), Scale: []float32{1 / 127.5}, Offset: []float32{-1}}
}

// pooled averages maps [N, H, W, D]; vectors stay as they are.
func pooled(a array) (vectors [][]float64) {
	n, d := a.dims[0], a.dims[len(a.dims)-1]
	positions := len(a.values) / (n * d)
	for i := range n {
		v := make([]float64, d)
		for j, x := range a.values[i*positions*d : (i+1)*positions*d] {
			v[j%d] += float64(x) / float64(positions)
		}
		vectors = append(vectors, v)
	}
	return vectors
}

// head is a head of 5 classes on vectors of length n, and what it makes of them.
func head(n int, vectors [][]float64) (h *tf.Head, logits, probabilities []float64) {
	const classes = 5
	h = tftest.LinearHead(wave(n*classes, 3), wave(classes, 1))
	for _, v := range vectors {
		sum, row := 0.0, make([]float64, classes)
		for k := range row {
			row[k] = float64(h.Values["bias"][k])
			for i, x := range v {
				row[k] += x * float64(h.Values["kernel"][i*classes+k])
			}
			sum += math.Exp(row[k])
		}
		logits = append(logits, row...)
		for _, x := range row {
			probabilities = append(probabilities, math.Exp(x)/sum)
		}
	}
	return h, logits, probabilities
}

// near fails where values differ by more than 1e-5, relative to the largest.
func near(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest, worst := 1.0, 0.0
	for i, w := range want {
		largest, worst = max(largest, math.Abs(w)), max(worst, math.Abs(float64(got[i])-w))
	}
	if !(worst <= 1e-5*largest) {
		t.Errorf("%s differ by %.1e", what, worst)
	}
	t.Logf("%s differ by %.1e", what, worst)
}

// call runs a signature of the model in dir on images.
func call(t *testing.T, dir, signature string, images *tf.Tensor) map[string][]float32 {
	t.Helper()
	m, err := tf.LoadModel(dir, tf.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	out, err := m.Run(signature, map[string]*tf.Tensor{"images": images})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][]float32{}
	for name, x := range out {
		values[name] = x.Float32s()
	}
	return values
}

// checkAttached gives a Keras model a head, and none, and compares with Keras.
func checkAttached(t *testing.T, from, to string, expected map[string]array) {
	t.Helper()
	images, vectors := expected["images"], pooled(expected["output"])
	o := asKeras(images)
	bare := filepath.Join(t.TempDir(), "bare")
	if err := tf.AttachHead(from, bare, o); err != nil {
		t.Fatal(err)
	}
	near(t, "features without a head", call(t, bare, "serving_default", images.tensor(t))["features"], slices.Concat(vectors...))
	checkVariables(t, bare, expected)

	var logits, probabilities []float64
	o.Head, logits, probabilities = head(len(vectors[0]), vectors)
	if err := tf.AttachHead(from, to, o); err != nil {
		t.Fatal(err)
	}
	out := call(t, to, "serve", images.tensor(t))
	near(t, "logits", out["logits"], logits)
	near(t, "probabilities", out["probabilities"], probabilities)
	near(t, "features", call(t, to, "features", images.tensor(t))["features"], slices.Concat(vectors...))
}

// Both ways to save a model of Keras 3, as files: no Python is needed.
func TestKerasModels(t *testing.T) {
	tftest.Load(t)
	const dir = "testdata/keras_tiny"
	expected := readExpected(t, dir)
	for _, style := range []string{"export", "save"} {
		t.Run(style, func(t *testing.T) {
			checkVariables(t, filepath.Join(dir, style), expected)
			checkAttached(t, filepath.Join(dir, style), filepath.Join(t.TempDir(), "m"), expected)
		})
	}
}

// MobileNetV2 of keras.applications: its variables fit our backbone by name, and
// with a head it is a model that Python's tools read.
func TestKerasMobileNetV2(t *testing.T) {
	python := os.Getenv("SSLPIPE_REFEREE_PYTHON")
	if python == "" {
		t.Skip("SSLPIPE_REFEREE_PYTHON does not name a Python with tensorflow and keras")
	}
	tftest.Load(t)
	dir := t.TempDir()
	referee(t, exec.Command(python, "testdata/make_keras.py", "mobilenet", dir))
	expected := readExpected(t, dir)
	var models []string
	for _, style := range []string{"export", "save"} {
		t.Run(style, func(t *testing.T) {
			values := checkVariables(t, filepath.Join(dir, style), expected)
			near(t, "features of our backbone", backboneOf(t, values, expected["images"]), slices.Concat(pooled(expected["output"])...))
			to := filepath.Join(dir, "attached", style)
			checkAttached(t, filepath.Join(dir, style), to, expected)
			models = append(models, to)
		})
	}
	checkInPython(t, python, expected, models)
}

// checkInPython holds models with the head of the test against Python's readers.
func checkInPython(t *testing.T, python string, expected map[string]array, models []string) {
	t.Helper()
	images, vectors := expected["images"], pooled(expected["output"])
	h, _, _ := head(len(vectors[0]), vectors)
	text, err := json.Marshal(map[string]any{"images": images.values, "shape": images.dims, "features": slices.Concat(vectors...),
		"kernel": h.Values["kernel"], "bias": h.Values["bias"], "variables": 262, "trainable": 158})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	referee(t, exec.Command(python, append([]string{"testdata/check_attached.py", file}, models...)...))
}

// backboneOf gives our MobileNetV2 the values, and returns its features.
func backboneOf(t *testing.T, values map[string]*tf.Tensor, images array) []float32 {
	t.Helper()
	prefix := filepath.Join(t.TempDir(), "weights")
	if err := tf.WriteCheckpoint(prefix, values); err != nil {
		t.Fatal(err)
	}
	restored := func(alpha float64) ([]float32, error) {
		g := tf.NewGraph()
		x := g.Placeholder("images", tf.Float32, images.dims...)
		seen := g.Add(g.Mul(g.ResizeBilinear(x, 96, 96), g.Scalar(1/127.5)), g.Scalar(-1))
		n := nn.NewNet(g, 1).Mode(false)
		config := &backbone.MobileNetV2{Alpha: alpha, Strides: "imagenet", BatchNormMomentum: 0.9, BatchNormEpsilon: 1e-3}
		features := config.Build(n, seen).Pooled
		saver := g.Saver(n.Variables())
		s := tftest.Session(t, g)
		if err := saver.Restore(s, prefix); err != nil {
			return nil, err
		}
		out, err := s.Run(map[tf.Output]*tf.Tensor{x: images.tensor(t)}, []tf.Output{features})
		if err != nil {
			return nil, err
		}
		return out[0].Float32s(), nil
	}
	if _, err := restored(0.5); err == nil || !strings.Contains(err.Error(), "of 260 variables do not fit") {
		t.Errorf("a network of another width takes the values: %v", err)
	}
	features, err := restored(0.35)
	if err != nil {
		t.Fatal(err)
	}
	return features
}

func referee(t *testing.T, command *exec.Cmd) {
	t.Helper()
	// Keras refuses to draw without a seed when this is set, which is our setting.
	command.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_DETERMINISTIC_OPS=") }),
		"TF_CPP_MIN_LOG_LEVEL=2")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
