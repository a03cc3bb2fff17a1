package stages

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// givenTo is a finetune configuration that starts from the model of a classifier.
func givenTo(mode string, h artifact.Handle, backbone *schema.Choice) *FinetuneConfig {
	c := finetuneConfig(mode)
	c.Backbone = backbone
	c.Model = &ModelConfig{Path: filepath.Join(h.Path, ModelDir)}
	return c
}

// A model that is given, as it is or by its weights, makes the features that it
// made before: another seed, which would have drawn other random weights, changes
// nothing about them.
func TestGivenModelsKeepTheirFeatures(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	from := plan.Coord{coordLabels: 6, coordSeed: 0}
	env := unitEnv(t, t.TempDir(), dir, from)
	data := openUnit(t, env)
	original, _ := mustFinetune(t, env, finetuneConfig(modeLinear))
	want := outputOf(t, env, data.splitData, original, "features", "features", data.indices)
	for name, backbone := range map[string]*schema.Choice{"as it is": nil, "by name": smallBackbone()} {
		for _, mode := range []string{modeLinear, modeKNN} {
			env := unitEnv(t, t.TempDir(), dir, plan.Coord{coordLabels: 6, coordSeed: 1})
			h, meta := mustFinetune(t, env, givenTo(mode, original, backbone))
			if got := outputOf(t, env, data.splitData, h, "features", "features", data.indices); !slices.Equal(got, want) {
				t.Errorf("%s, %s: other features", name, mode)
			}
			if meta.Given != ModelDir || meta.Init != "" || (meta.Backbone == "") != (backbone == nil) {
				t.Errorf("%s, %s: given %q, init %q, backbone %q", name, mode, meta.Given, meta.Init, meta.Backbone)
			}
			// The class with the largest probability is that of the largest logit.
			classes := len(data.Meta.Classes)
			logits := outputOf(t, env, data.splitData, h, "serving_default", "logits", data.indices)
			probabilities := outputOf(t, env, data.splitData, h, "serving_default", "probabilities", data.indices)
			for i := range data.indices {
				if a, b := argMax(logits[i*classes:(i+1)*classes]), argMax(probabilities[i*classes:(i+1)*classes]); a != b {
					t.Fatalf("%s, %s: image %d is of class %d by logits, %d by probabilities", name, mode, i, a, b)
				}
			}
		}
	}
}

// The same model as it is and by its weights is one encoder: with the same labels
// they come to the same classifier.
func TestGivenModelsAsTheyAreAndByNameAgree(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	at := plan.Coord{coordLabels: 6, coordSeed: 0}
	original, first := mustFinetune(t, unitEnv(t, t.TempDir(), dir, at), finetuneConfig(modeLinear))
	for name, backbone := range map[string]*schema.Choice{"as it is": nil, "by name": smallBackbone()} {
		_, meta := mustFinetune(t, unitEnv(t, t.TempDir(), dir, at), givenTo(modeLinear, original, backbone))
		if meta.Validation != first.Validation || meta.L2 != first.L2 {
			t.Errorf("%s: validation %v with penalty %v, want %v with %v", name, meta.Validation, meta.L2, first.Validation, first.L2)
		}
	}
}

func TestGivenWeightsThatDoNotFit(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	at := plan.Coord{coordLabels: 6, coordSeed: 0}
	pixels, _ := mustFinetune(t, unitEnv(t, t.TempDir(), dir, at), finetuneConfig(modePixels))
	_, err := runFinetune(t.Context(), unitEnv(t, t.TempDir(), dir, at), givenTo(modeLinear, pixels, smallBackbone()))
	if err == nil || !strings.Contains(err.Error(), "do not fit the backbone: Conv1/kernel is missing; ") || !strings.Contains(err.Error(), " more") {
		t.Errorf("error %v", err)
	}
	missing := givenTo(modeLinear, pixels, nil)
	missing.Model.Path = t.TempDir()
	if _, err := runFinetune(t.Context(), unitEnv(t, t.TempDir(), dir, at), missing); err == nil || !strings.Contains(err.Error(), "saved_model.pb") {
		t.Errorf("an empty folder: error %v", err)
	}
}

// Black and white in the model's units come out of the normalisation of pixels.
func TestPixelsOfAGivenModel(t *testing.T) {
	for _, c := range [][2]float64{{0, 255}, {0, 1}, {-1, 1}} {
		mean, std := sameInput(c[0], c[1], 3)
		if len(mean) != 3 || len(std) != 3 {
			t.Fatalf("%d means, %d deviations, want 3 of each", len(mean), len(std))
		}
		if black, white := (0-mean[1])/std[1], (1-mean[1])/std[1]; black != c[0] || white != c[1] {
			t.Errorf("black and white are %v and %v, want %v", black, white, c)
		}
	}
}

func TestBudgetsThatCannotBeToldApart(t *testing.T) {
	train := artifact.DataUse{Purpose: "training", Name: "x", Digest: "d", Split: splitTrain}
	run := func(arm, labels, permille, seed int, draw string, data ...artifact.DataUse) armRun {
		r := armRun{ScoredRun: ScoredRun{Arm: arm, Seed: seed}}
		r.handle.Unit = strings.Repeat("a", arm+1)
		r.Classifier.LabelsPerClass, r.Classifier.LabelsPermille, r.Classifier.Draw, r.Classifier.Data = labels, permille, draw, data
		return r
	}
	for name, c := range map[string]struct {
		runs []armRun
		want string
	}{
		"the same draw":         {[]armRun{run(0, 5, 0, 0, "p", train), run(1, 5, 0, 0, "p", train), run(1, 5, 0, 1, "q", train)}, ""},
		"other data":            {[]armRun{run(0, 5, 0, 0, "p", train), run(1, 5, 0, 0, "q")}, ""},
		"fractions that meet":   {[]armRun{run(0, 1, 10, 0, "p", train), run(0, 1, 50, 0, "q", train)}, "a and a both have 1 label per class: choose label budgets further apart"},
		"a count, not the same": {[]armRun{run(0, 6, 0, 0, "p", train), run(1, 6, 10, 0, "q", train)}, "a and aa both have 6 labels per class, but not of the same images, so they cannot be paired: give both label budgets in the same way"},
	} {
		got := ""
		if err := (&evaluation{runs: c.runs}).checkDraws(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
