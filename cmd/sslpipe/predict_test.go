package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// predictions is what predict writes as JSON.
type predictions struct {
	Classes []string
	Images  []struct {
		Path          string
		Probabilities []float32
	}
}

// predictJSON runs predict. It fails where the exit code is not the wanted one.
func predictJSON(t *testing.T, want int, args ...string) (p predictions, stderr string) {
	t.Helper()
	t.Setenv(depsVariable, deps(t))
	var stdout, problems bytes.Buffer
	if code := execute(append([]string{"predict", "--format", "json", "--jobs", "1"}, args...), nil, &stdout, &problems); code != want {
		t.Fatalf("exit code %d\n%s", code, &problems)
	}
	if err := json.Unmarshal(stdout.Bytes(), &p); err != nil && want != exitMistake {
		t.Fatalf("%v in\n%s", err, &stdout)
	}
	return p, problems.String()
}

// writePNG writes pixels [h, w, 3].
func writePNG(t *testing.T, file string, h, w int, at func(i int) uint8) {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range h * w {
		img.Set(i%w, i/w, color.RGBA{at(3 * i), at(3*i + 1), at(3*i + 2), 255})
	}
	var text bytes.Buffer
	if err := png.Encode(&text, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// kerasTiny is a model of Keras with what Keras computes of three images, which
// are written to a folder.
func kerasTiny(t *testing.T) (dir, images string, outputs []float32) {
	t.Helper()
	dir, images = filepath.Join(repository(t), "internal", "tf", "testdata", "keras_tiny"), t.TempDir()
	raw, err := os.ReadFile(filepath.Join(dir, "expected.f32"))
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, len(raw)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
	}
	const n, stride, classes = 3, 8 * 8 * 3, 4
	for i := range n {
		writePNG(t, filepath.Join(images, fmt.Sprint(i, ".png")), 8, 8, func(at int) uint8 { return uint8(values[i*stride+at]) })
	}
	return dir, images, values[n*stride : n*stride+n*classes]
}

// A model of Keras, saved in both ways, gives the softmax of what Keras gives.
func TestPredictKeras(t *testing.T) {
	dir, images, outputs := kerasTiny(t)
	for _, style := range []string{"export", "save"} {
		got, stderr := predictJSON(t, exitOK, filepath.Join(dir, style), images, "--pixels", "-1..1", "--classes", "a,b,c,d")
		if !strings.Contains(stderr, "Note: the outputs of") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("standard error says %q", stderr)
		}
		if len(got.Images) != 3 || !slices.Equal(got.Classes, []string{"a", "b", "c", "d"}) {
			t.Fatalf("predicted %+v", got)
		}
		for i, x := range got.Images {
			var sum float64
			for _, v := range outputs[4*i : 4*i+4] {
				sum += math.Exp(float64(v))
			}
			for k, p := range x.Probabilities {
				if want := math.Exp(float64(outputs[4*i+k])) / sum; !(math.Abs(float64(p)-want) <= 1e-6) {
					t.Errorf("%s: image %d, class %d has %v, want %v", style, i, k, p, want)
				}
			}
		}
	}
	names := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(names, []byte("one\r\ntwo\nthree\nfour"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, _ := predictJSON(t, exitOK, filepath.Join(dir, "save"), images, "--classes-file", names); !slices.Equal(got.Classes, []string{"one", "two", "three", "four"}) {
		t.Errorf("the classes are %q", got.Classes)
	}
	if got, _ := predictJSON(t, exitOK, filepath.Join(dir, "save"), images); !slices.Equal(got.Classes, []string{"0", "1", "2", "3"}) {
		t.Errorf("the classes are %q", got.Classes)
	}
	for want, args := range map[string][]string{
		"it has 4 classes, and there are 2 names":  {"--classes", "a,b"},
		"give --classes or --classes-file":         {"--classes", "a,b,c,d", "--classes-file", names},
		"read the names of classes":                {"--classes-file", names + "x"},
		`--pixels is 0..255, 0..1 or -1..1, not "`: {"--pixels", "0-1"},
		"takes images of 8x8 pixels":               {"--size", "8x9"},
		`--size is HxW in pixels`:                  {"--size", "8"},
	} {
		if _, stderr := predictJSON(t, exitMistake, append([]string{filepath.Join(dir, "save"), images}, args...)...); !strings.Contains(stderr, want) {
			t.Errorf("%v: %q, want %q", args, stderr, want)
		}
	}
}

// own writes a classifier of ours on top of the Keras model.
func own(t *testing.T) string {
	t.Helper()
	dir, _, _ := kerasTiny(t)
	model := filepath.Join(t.TempDir(), "1")
	h := tftest.LinearHead([]float32{4, 0, -1, 0, 5, 1, -2, 1, 3, 0, 2, -3}, []float32{0, 0.5, -0.5})
	if err := tf.AttachHead(filepath.Join(dir, "export"), model, tf.HeadOptions{Scale: []float32{1.0 / 255}, Head: h}); err != nil {
		t.Fatal(err)
	}
	card := `{"unit": "finetune.ssl", "description": {"classes": ["x", "y", "z"]}}`
	if err := os.WriteFile(filepath.Join(model, cardFile), []byte(card), 0o644); err != nil {
		t.Fatal(err)
	}
	return model
}

// A model of ours gives for files what it gives for their pixels, in any number
// of batches, whatever else is among them.
func TestPredictOurs(t *testing.T) {
	tftest.Load(t)
	model, images := own(t), t.TempDir()
	const n, stride = 2*predictBatch + 7, 8 * 8 * 3
	pixels, files := make([]float32, n*stride), make([]string, n)
	for i := range n {
		files[i] = filepath.Join(images, fmt.Sprintf("%03d.png", i))
		writePNG(t, files[i], 8, 8, func(at int) uint8 { return uint8(at * (i + 3) * 7) })
		for at := range stride {
			pixels[i*stride+at] = float32(uint8(at * (i + 3) * 7))
		}
	}
	fed, err := tf.FromFloat32s(pixels, n, 8, 8, 3)
	if err != nil {
		t.Fatal(err)
	}
	m, err := tf.LoadModel(model, tf.SessionOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Close() }()
	out, err := m.Run("serving_default", map[string]*tf.Tensor{"images": fed})
	if err != nil {
		t.Fatal(err)
	}
	want := out["probabilities"].Float32s()
	bad := filepath.Join(images, "040 bad.png")
	if err := os.WriteFile(bad, []byte("no image"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, stderr := predictJSON(t, exitFailed, model, images)
	if !strings.Contains(stderr, fmt.Sprintf("Skipped %q: is no JPEG", bad)) || !strings.Contains(stderr, "1 of 72 images could not be read") {
		t.Errorf("standard error says %q", stderr)
	}
	if len(got.Images) != n || !slices.Equal(got.Classes, []string{"x", "y", "z"}) {
		t.Fatalf("%d images of classes %v", len(got.Images), got.Classes)
	}
	for i, x := range got.Images {
		if x.Path != files[i] {
			t.Fatalf("image %d is %s", i, x.Path)
		}
		for k, p := range x.Probabilities {
			if !(math.Abs(float64(p-want[3*i+k])) <= 1e-6) {
				t.Errorf("%s: class %d has %v, want %v", x.Path, k, p, want[3*i+k])
			}
		}
	}
	if err := os.Symlink("/dev/zero", filepath.Join(model, "a")); err != nil {
		t.Fatal(err)
	}
	for want, card := range map[string]string{
		"read sslpipe.json": `{"description": 7}`, `it lists a file "../x" of 1 bytes`: `{"files": [{"path": "../x", "size": 1}]}`,
		"a is not as it was published":            `{"files": [{"path": "a", "size": 1}]}`,
		"it has 3 classes, and there are 1 names": `{"description": {"classes": ["x"]}}`,
	} {
		if err := os.WriteFile(filepath.Join(model, cardFile), []byte(card), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, stderr := predictJSON(t, exitMistake, model, images); !strings.Contains(stderr, want) {
			t.Errorf("%s: %q", card, stderr)
		}
	}
}

// anybodys writes a model that is neither ours nor Keras's: pixels of the shape in,
// what made gives for their mean over height and width out.
func anybodys(t *testing.T, shape []int, made func(g *tf.Graph, mean tf.Output) tf.Output) string {
	t.Helper()
	tftest.Load(t)
	prefix := filepath.Join(t.TempDir(), "values")
	scale, err := tf.FromFloat32s([]float32{1, 1, 1}, 3)
	if err == nil {
		err = tf.WriteCheckpoint(prefix, map[string]*tf.Tensor{"scale": scale})
	}
	if err != nil {
		t.Fatal(err)
	}
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Float32, shape...)
	mean := g.Mul(g.Mean(x, false, 1, 2), g.Variable("scale", tf.Float32, tf.Shape{3}, nil, true).Read())
	dir := filepath.Join(t.TempDir(), "model")
	call := tf.Signature{Name: "call", Inputs: map[string]tf.Output{"x": x}, Outputs: map[string]tf.Output{"y": made(g, mean)}}
	if err := tf.ExportSavedModel(dir, g, []tf.Signature{call}, prefix); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestPredictAnybodys(t *testing.T) {
	shares := func(g *tf.Graph, mean tf.Output) tf.Output { return g.Softmax(mean) }
	_, images, _ := kerasTiny(t)
	// Probabilities are taken as they are; the model wants two images at a time.
	pair := anybodys(t, []int{2, 8, 8, 3}, shares)
	got, stderr := predictJSON(t, exitOK, pair, images, "--pixels", "0..1")
	if len(got.Images) != 3 || stderr != "" {
		t.Fatalf("predicted %+v, %q", got, stderr)
	}
	for _, x := range got.Images {
		if sum := x.Probabilities[0] + x.Probabilities[1] + x.Probabilities[2]; !(math.Abs(float64(sum-1)) < 1e-6) || slices.Max(x.Probabilities) > 0.5 {
			t.Errorf("%s has %v", x.Path, x.Probabilities)
		}
	}
	// Averages do not depend on the size, where one can be chosen.
	open := anybodys(t, []int{-1, -1, -1, 3}, shares)
	sized, _ := predictJSON(t, exitOK, open, images, "--pixels", "0..1", "--size", "8x8")
	for i, x := range sized.Images {
		if !slices.Equal(x.Probabilities, got.Images[i].Probabilities) {
			t.Errorf("%s has %v, and %v two at a time", x.Path, x.Probabilities, got.Images[i].Probabilities)
		}
	}
	if _, stderr := predictJSON(t, exitMistake, open, images); !strings.Contains(stderr, "choose one with --size HxW") {
		t.Errorf("without a size: %q", stderr)
	}
	for want, made := range map[string]func(g *tf.Graph, mean tf.Output) tf.Output{
		"its output y float32 [?, 1] is not [N, classes]": func(g *tf.Graph, mean tf.Output) tf.Output { return g.Sum(mean, true, 1) },
		"no output is float32 with 2 or 4 axes":           func(g *tf.Graph, mean tf.Output) tf.Output { return g.Sum(mean, false, 1) },
	} {
		if _, stderr := predictJSON(t, exitMistake, anybodys(t, []int{-1, 8, 8, 3}, made), images); !strings.Contains(stderr, want) {
			t.Errorf("%q, want %q", stderr, want)
		}
	}
	infinite := anybodys(t, []int{-1, 8, 8, 3}, func(g *tf.Graph, mean tf.Output) tf.Output { return g.Div(mean, g.Scalar(0)) })
	if _, stderr := predictJSON(t, exitFailed, infinite, images); !strings.Contains(stderr, "gives numbers that are not finite") {
		t.Errorf("infinite outputs: %q", stderr)
	}
}
