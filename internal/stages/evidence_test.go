package stages

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/dataset"
	"sslpipe/internal/report"
	"sslpipe/internal/tf/tftest"
)

// Images 0 and 5 are right; of those that are as sure as each other the first
// comes first.
func TestWorstMistakes(t *testing.T) {
	truth := []int32{0, 0, 1, 2, 2, 1}
	predicted := []int32{0, 1, 0, 1, 0, 1}
	probabilities := []float32{
		1, 0, 0,
		0.25, 0.75, 0,
		0.875, 0.125, 0,
		0, 0.5, 0.5,
		0.75, 0, 0.25,
		0, 1, 0,
	}
	want := []report.Mistake{
		{Picture: 2, Truth: 1, Predicted: 0, Probability: 0.875},
		{Picture: 1, Truth: 0, Predicted: 1, Probability: 0.75},
		{Picture: 4, Truth: 2, Predicted: 0, Probability: 0.75},
		{Picture: 3, Truth: 2, Predicted: 1, Probability: 0.5},
	}
	if diff := cmp.Diff(want, worst(truth, predicted, probabilities)); diff != "" {
		t.Errorf("mistakes (-want +got):\n%s", diff)
	}
	many := worst(make([]int32, 30), slices.Repeat([]int32{1}, 30), slices.Repeat([]float32{0, 1}, 30))
	if len(many) != 12 || many[11].Picture != 11 {
		t.Errorf("%d of 30 mistakes are kept", len(many))
	}
}

// The first seed at the largest budget stands for an arm; of arms that read the
// same layer of the same frozen encoder, one is mapped.
func TestRunsThatStandForTheirArm(t *testing.T) {
	run := func(name string, arm, seed, labels int, m artifact.ClassifierMeta) armRun {
		m.LabelsPerClass = labels
		return armRun{ScoredRun: ScoredRun{Arm: arm, Seed: seed, Classifier: m}, handle: artifact.Handle{Unit: name}}
	}
	whole := artifact.ClassifierMeta{Mode: modeFull, Layer: layerPooled, Init: "x"}
	linear := artifact.ClassifierMeta{Mode: modeLinear, Layer: "block_4", Init: "x"}
	knn, deeper, other, given := linear, linear, linear, linear
	knn.Mode, deeper.Layer, other.Init, given.Init, given.Given = modeKNN, "block_9", "y", "", "m"
	e := evaluation{runs: []armRun{
		run("few", 0, 0, 5, whole), run("second", 0, 1, 10, whole), run("whole", 0, 0, 10, whole),
		run("whole too", 1, 0, 10, whole), run("pixels", 2, 0, 10, artifact.ClassifierMeta{Mode: modePixels, Layer: layerPixels}),
		run("linear", 3, 2, 5, linear), run("linear few", 3, 1, 4, linear), run("knn", 4, 0, 5, knn),
		run("deeper", 5, 0, 5, deeper), run("other", 6, 0, 5, other), run("given", 7, 0, 5, given),
	}}
	var shown, embedded []string
	for _, r := range e.runs {
		if e.shown(r) {
			shown = append(shown, r.handle.Unit)
		}
	}
	for _, r := range e.embedded() {
		embedded = append(embedded, r.handle.Unit)
	}
	if want := []string{"whole", "whole too", "pixels", "linear", "knn", "deeper", "other", "given"}; !slices.Equal(shown, want) {
		t.Errorf("shown are %q, want %q", shown, want)
	}
	if want := []string{"whole", "whole too", "linear", "deeper", "other", "given"}; !slices.Equal(embedded, want) {
		t.Errorf("mapped are %q, want %q", embedded, want)
	}
}

// Images larger than 40 pixels are made smaller, in their proportions, in colour;
// the 41st begins a second row.
func TestContactSheetOfLargeImages(t *testing.T) {
	tftest.Load(t)
	folder := filepath.Join(t.TempDir(), "colours")
	for i := range 42 {
		p := image.NewRGBA(image.Rect(0, 0, 64, 48))
		for k := range 64 * 48 {
			p.SetRGBA(k%64, k/64, color.RGBA{R: uint8(5 * i), G: 200, B: uint8(250 - 5*i), A: 255})
		}
		part := map[bool]string{true: "test", false: "train"}[i < 41]
		writePicture(t, filepath.Join(folder, part, []string{"a", "b"}[i%2], fmt.Sprintf("%02d.png", i)), p)
	}
	writePicture(t, filepath.Join(folder, "train", "a", "grey.png"), image.NewGray(image.Rect(0, 0, 64, 48)))
	dir := filepath.Join(t.TempDir(), "colours")
	if _, err := dataset.Prepare(t.Context(), dataset.Source{Path: folder, Layout: "image-folder"}, t.TempDir(), dir, dataset.Watch{}); err != nil {
		t.Fatal(err)
	}
	data, err := openSplit(dir, splitTest)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = data.Close() }()
	sheet, size := contactSheet(data, data.indices)
	if size != image.Pt(40, 30) || sheet.Bounds() != image.Rect(0, 0, 1600, 60) {
		t.Fatalf("pictures of %v on %v", size, sheet.Bounds())
	}
	for i, example := range data.indices {
		pixels := data.Image(example)
		want := color.RGBA{R: pixels[0], G: pixels[1], B: pixels[2], A: 255}
		for _, corner := range []image.Point{{X: 0, Y: 0}, {X: 39, Y: 29}} {
			at := image.Pt(i%40*40, i/40*30).Add(corner)
			if got := sheet.At(at.X, at.Y); got != want {
				t.Errorf("picture %d has %v at %v, want %v", i, got, corner, want)
			}
		}
	}
}

// checkPictures looks up every picture that a set's mistakes and maps name: the
// pixels there must be those of an image of that class.
func checkPictures(t *testing.T, out string, set ScoredSet, data *splitData) {
	t.Helper()
	f, err := os.Open(filepath.Join(out, set.Pictures.File))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	sheet, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	shown := map[int]bool{}
	check := func(what string, picture, class int) {
		shown[picture] = true
		image := imageAt(sheet, *set.Pictures, picture, data)
		if image < 0 || int(data.Label(image)) != class {
			t.Errorf("%s: picture %d is image %d, want one of class %d", what, picture, image, class)
		}
	}
	for r, score := range set.Scores {
		for _, m := range score.Mistakes {
			check(fmt.Sprintf("mistake of run %d", r), m.Picture, m.Truth)
			if at := slices.Index(data.indices, imageAt(sheet, *set.Pictures, m.Picture, data)); at < 0 || score.Right[at] != '0' || m.Predicted == m.Truth {
				t.Errorf("run %d has picture %d right", r, m.Picture)
			}
		}
	}
	// One embedding for the two arms that read one layer of the same random
	// weights; raw pixels have none.
	if len(set.Embeddings) != 1 || set.Embeddings[0].Arm != 1 || len(set.Embeddings[0].Points) != 20 {
		t.Fatalf("%d embeddings", len(set.Embeddings))
	}
	for _, p := range set.Embeddings[0].Points {
		check("point", p.Picture, p.Class)
	}
	checkNeighbours(t, set.Embeddings[0].Embedding)
	if len(shown) != set.Pictures.Count || len(shown) <= 20 {
		t.Errorf("%d pictures are shown, %d are kept", len(shown), set.Pictures.Count)
	}
}

// imageAt finds the test image that a picture shows; -1 where it is none.
func imageAt(sheet image.Image, p report.Pictures, picture int, data *splitData) int {
	x, y := picture%p.Columns*p.Width, picture/p.Columns*p.Height
	var pixels []byte
	for i := range p.Width * p.Height {
		pixels = append(pixels, color.GrayModel.Convert(sheet.At(x+i%p.Width, y+i/p.Width)).(color.Gray).Y)
	}
	at := slices.IndexFunc(data.indices, func(i int) bool { return slices.Equal(data.Image(i), pixels) })
	if at < 0 {
		return -1
	}
	return data.indices[at]
}

func checkNeighbours(t *testing.T, e report.Embedding) {
	t.Helper()
	if len(e.Neighbours) != 8 {
		t.Errorf("neighbours of %d points", len(e.Neighbours))
	}
	for i, n := range e.Neighbours {
		if n.Of != i*20/8 || len(n.Nearest) != 8 || slices.Contains(n.Nearest, n.Of) || slices.Max(n.Nearest) >= 20 {
			t.Errorf("neighbours of %d: %v", n.Of, n.Nearest)
		}
	}
}
