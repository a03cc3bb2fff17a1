package tf_test

import (
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// augmented runs a program that should make 3 x 4 views of images [1, 3, 4, 1], whose
// pixels are 0, 10, 20 and so on, with one draw.
func augmented(t *testing.T, program string) ([]float32, error) {
	t.Helper()
	g := tf.NewGraph()
	x := g.Placeholder("x", tf.Uint8, 1, 3, 4, 1)
	u := g.Placeholder("u", tf.Float32, 1, 1)
	y := g.Augment(x, u, program, 3, 4)
	s := tftest.Session(t, g)
	pixels, err := tf.Alloc(tf.Uint8, 1, 3, 4, 1)
	if err != nil {
		t.Fatal(err)
	}
	for i := range pixels.Uint8s() {
		pixels.Uint8s()[i] = uint8(10 * i)
	}
	draw, err := tf.FromFloat32s([]float32{0.25}, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Run(map[tf.Output]*tf.Tensor{x: pixels, u: draw}, []tf.Output{y})
	if err != nil {
		return nil, err
	}
	return slices.Clone(out[0].Float32s()), nil
}

func TestAugment(t *testing.T) {
	tftest.Load(t)
	got, err := augmented(t, "solarize 0.2 0.5")
	if err != nil {
		t.Fatal(err)
	}
	var want []float32
	for i := range 12 {
		v := float32(10*i) * float32(1.0/255)
		if v >= 0.2 {
			v = 1 - v
		}
		want = append(want, v)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whatever a program is, it is run or refused.
func TestMalformedProgramsAreRefused(t *testing.T) {
	tftest.Load(t)
	for program, want := range map[string]string{
		"":                         "another number of draws than its program",
		"sharpen 1":                `there is no step "sharpen"`,
		" ":                        `there is no step ""`,
		"solarize 0.2 0.5\n\n":     `there is no step ""`,
		strings.Repeat("x", 5000):  `there is no step "` + strings.Repeat("x", 40) + `"`,
		"solarize":                 "number 1 of solarize, threshold, is not a number from 0 to 1",
		"solarize 0.2":             "number 2 of solarize, probability",
		"solarize 0.2 0.5 1":       "the step solarize has too many numbers",
		"solarize 0.2 nan":         "number 2 of solarize",
		"solarize 0.2 1e999":       "number 2 of solarize",
		"solarize 0.2 0.5x":        "number 2 of solarize",
		"solarize 0.2 \t1":         "number 2 of solarize",
		"solarize 0.2 0.5\x00":     "number 2 of solarize",
		"solarize 0.2 1.5":         "number 2 of solarize, probability, is not a number from 0 to 1",
		"blur 0.1 2 1.5 1":         "number 3 of blur, radius, is not a whole number from 1 to 127",
		"blur 0.1 2 1000000000 1":  "number 3 of blur",
		"flip 0.5 0":               "another number of draws than its program",
		"grey 1\ngrey 1":           "another number of draws than its program",
		"hue 0.1 1":                "hue and saturation want images of 3 channels",
		"quarter_turn":             "quarter_turn wants square images",
		"zoom 0.9 1":               "zoom reaches too far beyond the border",
		"crop 3 0":                 "crop is padded by more than the sides",
		"blur 0.1 2 3 1":           "blur reaches too far beyond the border",
		"resized_crop 1 1 1 1 3 3": "views of another size than its node says",
		"resized_crop 1 1 1 1 16384 16384\nresized_crop 1 1 1 1 3 4": "another number of draws",
		"resized_crop 1 1 1 1 99999 3":                               "number 5 of resized_crop, height",
	} {
		if _, err := augmented(t, program); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want %q in it", program, err, want)
		}
	}
}

// Weights behind views have their gradients, in a graph with fused layers and without;
// pixels have none.
func TestGradientsStopAtAugment(t *testing.T) {
	tftest.Load(t)
	for name, fused := range map[string]bool{"stock layers": false, "fused layers": true} {
		g := tf.NewGraph()
		x := g.Placeholder("x", tf.Float32, 2, 6, 6, 1)
		views := g.Augment(x, g.Placeholder("u", tf.Float32, 2, 2), "flip 0.5 0", 6, 6)
		n := nn.NewNet(g, 1)
		if fused {
			n = n.Fused()
		}
		y := n.ConvNorm("conv", nn.Norm{Name: "bn", Momentum: 0.9, Epsilon: 1e-3}, views, 4, 3, 1)
		loss := g.Mean(g.Square(y), false)
		kernel := n.Trainable()[0]
		grads := g.Gradients(loss, []tf.Output{kernel.Read()})
		if err := g.Err(); err != nil || !slices.Equal(grads[0].Shape(), tf.Shape{3, 3, 1, 4}) {
			t.Fatalf("%s: error %v, gradient of shape %v", name, err, grads[0].Shape())
		}
		g.Gradients(loss, []tf.Output{x})
		if err := g.Err(); err == nil || !strings.Contains(err.Error(), "radient") {
			t.Errorf("%s: the gradient of pixels: error %v", name, err)
		}
	}
}
