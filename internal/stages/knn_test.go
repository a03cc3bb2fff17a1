package stages

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/train"
)

// votes computes the probabilities of a kNN classifier from features, row by row,
// in float64 and without TensorFlow.
func votes(bank train.Examples, queries []float32, width, classes, k int, temperature float64) []float64 {
	type near struct {
		cosine float64
		class  int32
	}
	row := func(x []float32, i int) []float32 { return x[i*width : (i+1)*width] }
	var all []float64
	for q := range len(queries) / width {
		var nearest []near
		for i, y := range bank.Y {
			nearest = append(nearest, near{cosineOf(row(queries, q), row(bank.X, i)), y})
		}
		slices.SortStableFunc(nearest, func(a, b near) int { return cmp.Compare(b.cosine, a.cosine) })
		sum, of := 0.0, make([]float64, classes)
		for _, n := range nearest[:k] {
			weight := math.Exp(n.cosine / temperature)
			of[n.class] += weight
			sum += weight
		}
		for c := range of {
			of[c] /= sum
		}
		all = append(all, of...)
	}
	return all
}

func cosineOf(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		ab += float64(a[i]) * float64(b[i])
		aa += float64(a[i]) * float64(a[i])
		bb += float64(b[i]) * float64(b[i])
	}
	return ab / math.Sqrt(aa*bb)
}

// The SavedModel of mode knn votes as train.Neighbours does, over features that
// are its own: those of the labelled images are its examples.
func TestNeighboursOfTheSavedModelVote(t *testing.T) {
	o := newObjects(t)
	env := unitEnv(t, t.TempDir(), o.madeUp(t), plan.Coord{coordLabels: 6, coordSeed: 1})
	c := finetuneConfig(modeKNN)
	c.Layers, c.Neighbours, c.Temperature = []string{"block_1"}, 5, 0.02
	h, meta := mustFinetune(t, env, c)
	if meta.Neighbours != 5 || meta.Temperature != 0.02 || meta.Layer != "block_1" {
		t.Errorf("%d neighbours, temperature %v, layer %s", meta.Neighbours, meta.Temperature, meta.Layer)
	}
	data := openUnit(t, env)
	bank := train.Examples{X: outputOf(t, env, data.splitData, h, "features", "features", data.train)}
	for _, i := range data.train {
		bank.Y = append(bank.Y, data.Label(i))
	}
	width := len(bank.X) / len(bank.Y)
	queries := outputOf(t, env, data.splitData, h, "features", "features", data.validation)
	got := outputOf(t, env, data.splitData, h, "serving_default", "probabilities", data.validation)
	logits := outputOf(t, env, data.splitData, h, "serving_default", "logits", data.validation)
	want := votes(bank, queries, width, 3, 5, 0.02)
	neighbours := train.NewNeighbours(bank, width, 3, 5, 0.02)
	if len(got) != 3*len(data.validation) || len(got) != len(want) {
		t.Fatalf("%d probabilities for %d images", len(got), len(data.validation))
	}
	right := 0
	for i, image := range data.validation {
		p := got[3*i : 3*i+3]
		if sum := p[0] + p[1] + p[2]; math.Abs(float64(sum)-1) > 1e-6 {
			t.Errorf("image %d: probabilities %v add up to %v", image, p, sum)
		}
		for c := range p {
			// Cosines of float32 are off by 1e-7, which the temperature makes 50 times as much.
			if math.Abs(float64(p[c])-want[3*i+c]) > 1e-4 {
				t.Errorf("image %d: probabilities %v, by hand %v", image, p, want[3*i:3*i+3])
				break
			}
			if l := math.Log(max(float64(p[c]), 1e-7)); math.Abs(float64(logits[3*i+c])-l) > 1e-4 {
				t.Errorf("image %d: logits %v of probabilities %v", image, logits[3*i:3*i+3], p)
				break
			}
		}
		one := train.Examples{X: queries[i*width : (i+1)*width], Y: []int32{int32(argMax(p))}}
		if accuracy, err := neighbours.Accuracy(one); accuracy != 1 || err != nil {
			t.Errorf("image %d: the model says class %d, train.Neighbours another", image, one.Y[0])
		}
		if argMax(p) == int(data.Label(image)) {
			right++
		}
	}
	if accuracy := float64(right) / float64(len(data.validation)); math.Abs(accuracy-meta.Validation) > 1e-12 {
		t.Errorf("accuracy of the model on validation images %v, in its description %v", accuracy, meta.Validation)
	}
	if right == len(data.validation) || right < len(data.validation)/2 {
		t.Errorf("%d of %d are right, so little can be seen", right, len(data.validation))
	}
}

// The smallest class of a tenth of 40, 24 and 16 images has 2.
func TestNeighboursAreAtMostTheSmallestClass(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	for name, c := range map[string]struct {
		coord       plan.Coord
		asked, want int
	}{
		"by the labels":        {plan.Coord{coordLabels: 3, coordSeed: 0}, 20, 3},
		"by the configuration": {plan.Coord{coordLabels: 3, coordSeed: 0}, 2, 2},
		"by the share":         {plan.Coord{coordPermille: 100, coordSeed: 0}, 20, 2},
	} {
		data := openUnit(t, unitEnv(t, t.TempDir(), dir, c.coord))
		config := finetuneConfig(modeKNN)
		config.Neighbours = c.asked
		var examples train.Examples
		for _, i := range data.train {
			examples.X, examples.Y = append(examples.X, float32(i), 1), append(examples.Y, data.Label(i))
		}
		if fitted, err := fit(config, data, examples, examples); err != nil || fitted.neighbours != c.want {
			t.Errorf("%s: %d neighbours, %v, want %d", name, fitted.neighbours, err, c.want)
		}
	}
}

// Of several layers the one with the best accuracy on validation images is kept.
func TestBestLayerIsKept(t *testing.T) {
	o := newObjects(t)
	env := unitEnv(t, t.TempDir(), o.madeUp(t), plan.Coord{coordLabels: 4, coordSeed: 1})
	c := finetuneConfig(modeKNN)
	c.Layers = []string{layerPooled, "Conv1", layerPixels}
	_, meta := mustFinetune(t, env, c)

	data := openUnit(t, env)
	s, err := sourceOf(c, data.Meta, env)
	if err != nil {
		t.Fatal(err)
	}
	e, err := newExtractor(env, c, data, s, c.Layers)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.close() }()
	labelled, err1 := e.features(data, data.train)
	validation, err2 := e.features(data, data.validation)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	var accuracies []float64
	for i := range c.Layers {
		width := len(labelled[i].X) / len(labelled[i].Y)
		accuracy, err := train.NewNeighbours(labelled[i], width, 3, 4, c.Temperature).Accuracy(validation[i])
		if err != nil {
			t.Fatal(err)
		}
		accuracies = append(accuracies, accuracy)
	}
	best := argMax(accuracies)
	if meta.Layer != c.Layers[best] || meta.Validation != accuracies[best] {
		t.Errorf("layer %s with %v, want %s of %v", meta.Layer, meta.Validation, c.Layers[best], accuracies)
	}
	if best != 1 {
		t.Errorf("the best of %v is the first or the last, so little can be seen", accuracies)
	}
}

func TestUnknownLayer(t *testing.T) {
	o := newObjects(t)
	c := finetuneConfig(modeKNN)
	c.Layers = []string{layerPooled, "block_99"}
	_, err := runFinetune(t.Context(), unitEnv(t, t.TempDir(), o.madeUp(t), plan.Coord{coordLabels: 2, coordSeed: 0}), c)
	const want = `the network has no layer "block_99"; it has pooled, Conv1, expanded_conv, block_1,`
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want %q in it", err, want)
	}
}
