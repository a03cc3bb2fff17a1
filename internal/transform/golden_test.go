package transform

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// golden.json is what Pillow, SciPy, NumPy and TensorFlow's Python make of
// the same picture; testdata/make_golden.py writes it.
type golden struct {
	Inputs map[string]struct {
		Shape []int
		Bytes []int
	}
	Cases []struct {
		Transform, Referee string
		Config             json.RawMessage
		Draws              []float32
		Input              string
		Shape              []int
		Want               []float32
		Tolerance          float64
	}
}

func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var file golden
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	refereed := map[string]bool{}
	for i, c := range file.Cases {
		refereed[c.Transform] = true
		t.Run(fmt.Sprintf("%s/%d", c.Transform, i), func(t *testing.T) {
			variant, ok := Kinds.Find(c.Transform)
			if !ok {
				t.Fatalf("no transform %q", c.Transform)
			}
			tr := variant.New().(Transform)
			if err := json.Unmarshal(c.Config, tr); err != nil {
				t.Fatal(err)
			}
			input := file.Inputs[c.Input]
			in := pictures{1, input.Shape[0], input.Shape[1], input.Shape[2], nil}
			for _, b := range input.Bytes {
				in.v = append(in.v, float32(b)/255)
			}
			// What is only moved is equal but for the seven digits of the file.
			evaluate(t, []Transform{tr, fused{tr}}, in, c.Draws, Size{in.h, in.w}, 1, func(made func(i int) pictures) {
				for i := range 2 {
					compare(t, made(i), pictures{1, c.Shape[0], c.Shape[1], c.Shape[2], c.Want}, c.Tolerance+1e-7)
					if t.Failed() {
						t.Fatalf("form %d; referee: %s, config %s, draws %v", i, c.Referee, c.Config, c.Draws)
					}
				}
			})
		})
	}
	for _, name := range Kinds.Names() {
		if !refereed[name] {
			t.Errorf("%s has no golden case", name)
		}
	}
}
