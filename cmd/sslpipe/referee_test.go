package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// checkInPython holds a published classifier of 28x28x1 images and 10 classes
// against Python's readers of SavedModels: each must give what Go gives.
func checkInPython(t *testing.T, dir string) {
	t.Helper()
	python := os.Getenv("SSLPIPE_REFEREE_PYTHON")
	if python == "" {
		t.Log("not checked in Python: SSLPIPE_REFEREE_PYTHON names no Python with tensorflow, tf2onnx and onnxruntime")
		return
	}
	tftest.Load(t)
	model, err := tf.LoadModel(dir, tf.SessionOptions{Threads: 1, Device: tf.CPU})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = model.Close() }()
	const n, side = 4, 28
	pixels := make([]float32, n*side*side)
	for i := range pixels {
		pixels[i] = float32((i*i/7 + i%28*9) % 256)
	}
	images, err := tf.FromFloat32s(pixels, n, side, side, 1)
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]any{"images": pixels, "shape": []int{n, side, side, 1}, "variables": 262, "trainable": 158}
	for signature, output := range map[string]string{"serving_default": "logits", "features": "features"} {
		out, err := model.Run(signature, map[string]*tf.Tensor{"images": images})
		if err != nil {
			t.Fatal(err)
		}
		expected[output] = out[output].Float32s()
	}
	text, err := json.Marshal(expected)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "expected.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	referee := exec.Command(python, filepath.Join(repository(t), "internal", "tf", "testdata", "check_savedmodel.py"), dir, file)
	// Keras refuses to draw without a seed when this is set, which is our setting.
	referee.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "TF_DETERMINISTIC_OPS=") }),
		"TF_CPP_MIN_LOG_LEVEL=2")
	if out, err := referee.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
