package stages

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/backbone"
	"sslpipe/internal/nn"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// textNetwork is a small transformer for texts of 12 tokens of 40.
func textNetwork() network {
	variant, _ := backbone.Kinds.Find("transformer")
	config := variant.New().(*backbone.Transformer)
	config.Width, config.Depth, config.Heads = 16, 1, 2
	return network{
		form:     form{shape: [3]int{1, 12, 1}, text: &artifact.TextMeta{Tokenizer: "wordpiece", Digest: "d", Vocabulary: 40}},
		backbone: schema.Choice{Name: "transformer", Config: config},
	}
}

func predictorOf(t *testing.T, name string) pretext.Predictor {
	t.Helper()
	variant, ok := pretext.Kinds.Find(name)
	if !ok {
		t.Fatalf("there is no task %s", name)
	}
	return variant.New().(pretext.Predictor)
}

// exportedText writes a model with the heads of both tasks on texts.
func exportedText(t *testing.T) string {
	t.Helper()
	tftest.Load(t)
	nw, dir := textNetwork(), t.TempDir()
	predictors := []pretext.Predictor{predictorOf(t, "masked_token"), predictorOf(t, "next_token")}
	g := tf.NewGraph()
	net := nn.NewNet(g, 3)
	f := nw.features(net, g.Placeholder("x", tf.Int32, 2, 12))
	for _, p := range predictors {
		p.Predict(net, f)
	}
	prefix := filepath.Join(dir, "weights")
	if err := g.Saver(g.Variables()).Save(tftest.Session(t, g), prefix); err != nil {
		t.Fatal(err)
	}
	exported := tf.NewGraph()
	model := filepath.Join(dir, "model")
	if err := tf.ExportSavedModel(model, exported, nw.pretrained(exported, predictors), prefix); err != nil {
		t.Fatal(err)
	}
	return model
}

// textCall is one call of a model, and what came out.
type textCall struct {
	Tokens    [][]int32 `json:"tokens"`
	Signature string    `json:"signature"`
	Output    string    `json:"output"`
	Shape     []int     `json:"shape"`
	Values    []float32 `json:"values"`
}

func call(t *testing.T, model *tf.Model, signature, output string, tokens [][]int32) textCall {
	t.Helper()
	fed, err := tf.FromInt32s(slices.Concat(tokens...), len(tokens), len(tokens[0]))
	if err != nil {
		t.Fatal(err)
	}
	out, err := model.Run(signature, map[string]*tf.Tensor{"tokens": fed})
	if err != nil {
		t.Fatal(err)
	}
	return textCall{tokens, signature, output, out[output].Dims(), slices.Clone(out[output].Float32s())}
}

// An encoder of texts takes any number of texts of any length, with and without padding,
// and has a signature for each task that predicts tokens; Python gets the same.
func TestTextModels(t *testing.T) {
	dir := exportedText(t)
	if _, err := tf.Inspect(dir); err != nil {
		t.Fatalf("predict would refuse the model: %v", err)
	}
	model, err := tf.LoadModel(dir, tf.SessionOptions{Threads: 1, Device: tf.CPU})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	var calls []textCall
	for _, tokens := range [][][]int32{
		{{2, 7, 4, 9, 3}},
		{{2, 7, 4, 9, 3, 0, 0}, {2, 30, 31, 32, 33, 34, 3}},
		{{2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 3}, {2, 5, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {2, 39, 38, 37, 36, 35, 34, 33, 32, 31, 30, 3}},
	} {
		calls = append(calls, call(t, model, "serving_default", "features", tokens),
			call(t, model, "masked_token", "logits", tokens), call(t, model, "next_token", "logits", tokens))
		for _, c := range calls[len(calls)-2:] {
			if want := []int{len(tokens), len(tokens[0]), 40}; !slices.Equal(c.Shape, want) {
				t.Errorf("%s: logits of the shape %v, want %v", c.Signature, c.Shape, want)
			}
		}
	}
	// Padding changes nothing: the first text of the second call is that of the first.
	for i, want := range calls[1].Values {
		if got := calls[4].Values[i]; math.Abs(float64(got-want)) > 1e-5 {
			t.Fatalf("with padding logit %d is %v, and without %v", i, got, want)
		}
	}
	checkTextInPython(t, dir, calls)
}

func checkTextInPython(t *testing.T, dir string, calls []textCall) {
	t.Helper()
	python := os.Getenv("SSLPIPE_REFEREE_PYTHON")
	if python == "" {
		t.Skip("SSLPIPE_REFEREE_PYTHON does not name a Python with tensorflow and keras")
	}
	expected, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, expected, 0o644); err != nil {
		t.Fatal(err)
	}
	referee := exec.Command(python, "testdata/check_text.py", dir, file)
	// Keras refuses to draw without a seed when this is set, which is our setting.
	referee.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_DETERMINISTIC_OPS=") }),
		"TF_CPP_MIN_LOG_LEVEL=2")
	out, err := referee.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
