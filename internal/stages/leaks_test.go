package stages

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/report"
)

func readPicture(t *testing.T, path string) *image.Gray {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	p, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*image.Gray)
}

// leaky is a unit whose second test set has 3 training images and 1 validation
// image of the first data set among its 24, unless all must differ, and 2 training
// images made darker.
func leaky(t *testing.T, o objects, differ bool) scoring {
	t.Helper()
	from := madeUpPictures(t, "made-up", 1)
	to := madeUpPictures(t, "leaky-images", 11)
	for i, c := range []struct {
		part  string
		class string
		edit  func(p *image.Gray)
	}{
		{"train-1-000", "flat", nil}, {"train-1-001", "tall", nil}, {"train-1-002", "tall", nil},
		{"val-2-003", "wide", nil},
		{"train-1-004", "flat", darker}, {"train-1-005", "wide", darker},
	} {
		part := map[byte]string{'t': "train", 'v': "val"}[c.part[0]]
		if c.edit == nil && differ {
			continue
		}
		p := readPicture(t, filepath.Join(from, partOrder[part], part, c.class, fmt.Sprintf("%s-%s.png", part, c.part[len(part)+1:])))
		if c.edit != nil {
			c.edit(p)
		}
		// In place of one of the set's own.
		writePicture(t, filepath.Join(to, partOrder["test"], "test", c.class, fmt.Sprintf("test-13-%03d.png", i)), p)
	}
	dir, other := o.dataset(t, "made-up", from), o.dataset(t, "leaky", to)
	s := scoring{
		config: evaluateConfig(),
		data:   []artifact.Handle{splitOf(t, dir, splitTest)}, extra: []artifact.Handle{splitOf(t, other, splitTest)},
		arms: [][]artifact.Handle{pixelArm(t, dir, 0), pixelArm(t, dir, 1)},
	}
	s.config.Embedding = 0
	// As if the encoder of the second arm had been pre-trained.
	var meta artifact.ClassifierMeta
	if err := s.arms[1][0].Decode(&meta); err != nil {
		t.Fatal(err)
	}
	use := artifact.DataUse{Purpose: "pre-training", Name: "made-up", Digest: "made-up", Split: splitUnlabelled}
	meta.Data = append([]artifact.DataUse{use}, meta.Data...)
	s.arms[1][0].Meta = handleOf(t, artifact.TypeClassifier, s.arms[1][0].Path, meta).Meta
	return s
}

func darker(p *image.Gray) {
	for i, v := range p.Pix {
		p.Pix[i] = uint8(int(v) * 9 / 10)
	}
}

// Test images that were trained on, or chosen by, or pre-trained on, end the unit
// by default, before anything is scored; each part that has any is named.
func TestLeaksAreAnError(t *testing.T) {
	o := newObjects(t)
	s := leaky(t, o, false)
	dir := t.TempDir()
	_, err := s.run(t, dir)
	const want = "3 of 80 images for training (train of made-up) are test images of leaky-images too; " +
		"1 of 24 images for validation (validation of made-up) are test images of leaky-images too; " +
		"3 of 80 images for pre-training (unlabelled of made-up) are test images of leaky-images too; " +
		`scores would flatter: take these images out of one of them, or set leaks = "report" to count them and go on`
	if err == nil {
		t.Fatal("no error")
	}
	if diff := cmp.Diff(want, err.Error()); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if _, err := os.Stat(filepath.Join(dir, "out", ScoresFile)); err == nil {
		t.Error("there are scores all the same")
	}
}

// With leaks = "report" they are counted, with the near ones beside them, and so
// are the parts that have none.
func TestLeaksAreCounted(t *testing.T) {
	o := newObjects(t)
	s := leaky(t, o, false)
	s.config.Leaks = leaksReport
	scores, err := s.run(t, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	const training, validation, pretraining = "training (train of made-up)", "validation (validation of made-up)", "pre-training (unlabelled of made-up)"
	want := []report.Leak{
		{Part: training, Set: "made-up", Of: 80}, {Part: training, Set: "leaky-images", Exact: 3, Near: 2, Of: 80},
		{Part: validation, Set: "made-up", Of: 24}, {Part: validation, Set: "leaky-images", Exact: 1, Of: 24},
		{Part: pretraining, Set: "made-up", Of: 80}, {Part: pretraining, Set: "leaky-images", Exact: 3, Near: 2, Of: 80},
	}
	if diff := cmp.Diff(want, scores.Leaks); diff != "" {
		t.Errorf("leaks (-want +got):\n%s", diff)
	}
	parts := []report.Part{
		{Purpose: "training", Name: "made-up", Split: "train", Images: 80},
		{Purpose: "validation", Name: "made-up", Split: "validation", Images: 24},
		{Purpose: "pre-training", Name: "made-up", Split: "unlabelled", Images: 80},
	}
	digests := map[string]bool{}
	for i := range scores.Parts {
		digests[scores.Parts[i].Digest] = true
		scores.Parts[i].Digest = ""
	}
	if diff := cmp.Diff(parts, scores.Parts); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	// All training images are unlabelled ones too, so these two are one.
	if len(digests) != 2 || digests[""] {
		t.Errorf("digests %v", digests)
	}
	if len(scores.Sets) != 2 || scores.Sets[1].Pictures == nil || len(scores.Sets[1].Embeddings) != 0 {
		t.Errorf("%d sets were scored, with maps that were not asked for", len(scores.Sets))
	}
}

// Near-duplicates alone end nothing: they may be other images that look alike.
func TestNearDuplicatesAreNoError(t *testing.T) {
	o := newObjects(t)
	scores, err := leaky(t, o, true).run(t, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if got := scores.Leaks[1]; got.Exact != 0 || got.Near != 2 {
		t.Errorf("leak %+v, want 2 near ones", got)
	}
}

// Classifiers of other classes are refused, not scored by number: on a further set
// too, and before the first is scored.
func TestOtherClassesAreRefused(t *testing.T) {
	o := newObjects(t)
	s := leaky(t, o, false)
	folder := madeUpPictures(t, "others", 21)
	for _, part := range []string{"train", "val", "test"} {
		classes := filepath.Join(folder, partOrder[part], part)
		if err := os.Rename(filepath.Join(classes, "tall"), filepath.Join(classes, "long")); err != nil {
			t.Fatal(err)
		}
	}
	s.extra = []artifact.Handle{splitOf(t, o.dataset(t, "others", folder), splitTest)}
	env := s.in(t, t.TempDir())
	env.Report = func(p plan.Progress) { t.Errorf("progress %+v", p) }
	_, err := runEvaluate(t.Context(), env, s.config)
	const want = "score finetune.made-up[labels=6,seed=0]: it knows the classes flat, tall, wide, but the test images of others have flat, long, wide"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
