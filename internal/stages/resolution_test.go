package stages

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/dataset"
	"sslpipe/internal/plan"
	"sslpipe/internal/pretext"
	"sslpipe/internal/schema"
	"sslpipe/internal/tf/tftest"
	"sslpipe/internal/transform"
)

func TestMistakesOfResolution(t *testing.T) {
	const rotation, inpaint, masked = "pretext \"rotation\" {}\n", "pretext \"inpaint\" {}\n", "pretext \"masked_image\" {}\n"
	checkMistakes(t, []mistaken{
		{rotation + "resolution {}", nil},
		{rotation + "resolution {\nsizes = [16, 64]\nshares = [0.7, 0.3]\n}", nil},
		{rotation + "resolution { shares = [0.5, 0.3, 0.2] }", nil},
		{inpaint + "resolution {}", nil},
		{masked + "resolution {\nsizes = [24, 64]\nshares = [0.5, 0.5]\n}", []string{
			"24: Views of 24 px do not suit masked_image. The squares that are hidden have 8 px at 64 px, and 4 px at 24 px: one head cannot serve both. " +
				"Set unit to a number that divides all sizes."}},
		{"pretext \"masked_image\" { unit = 8 }\nresolution {}", nil},
		{"pretext \"masked_image\" { unit = 8 }\nresolution {\nsizes = [8, 16, 64]\nshares = [0.4, 0.3, 0.3]\n}", []string{
			"8: Views of 8 px do not suit masked_image. Of 1 units 0 would be visible: change ratio or unit."}},
		{inpaint + "resolution {\nsizes = [40, 56, 64]\n}", []string{
			"40: Views of 40 px do not suit inpaint. From each position of the last map 16 by 16 pixels are predicted at 64 px, and 14 by 14 at 40 px: " +
				"one head cannot serve both. Use sizes that are multiples of the network's stride."}},
		{"pretext \"jigsaw\" {}\nresolution {\nsizes = [8, 32, 64]\n}", []string{
			"8: Views of 8 px do not suit jigsaw. Images of 8 by 8 in a grid of 3 leave tiles of 2 by 2 pixels; at least 4 are needed."}},
		{rotation + "resolution { sizes = [64] }", []string{
			"[64]: One size is what there is without this block: write at least two, the last that of the images."}},
		{rotation + "resolution { sizes = [32, 48, 56] }", []string{
			"56: The last size must be that of the images, 64, since the encoder is made for them, not 56."}},
		{rotation + "resolution { sizes = [48, 48, 64] }", []string{"48: Sizes must rise, and 48 does not come after 48."}},
		{rotation + "resolution { sizes = [4, 48, 64] }", []string{"4: sizes[0] must be at least 8, not 4."}},
		{rotation + "resolution { sizes = [32, 64] }", []string{
			"[32, 64]: Say the share of the steps at each of these 2 sizes: shares = [...]; only three sizes have shares of their own."}},
		{rotation + "resolution { shares = [0.5, 0.5] }", []string{"[0.5, 0.5]: There are 2 shares for 3 sizes."}},
		{rotation + "resolution { shares = [0.5, 0.6, 0] }", []string{
			"[0.5, 0.6, 0]: The shares must add up to 1, and these make 1.1.", "0: A share above 0 is needed, not 0."}},
	}, "download \"large\" {\nsource = \"tiny-imagenet\"\n}\naugment \"large\" {\ndata = download.large.unlabelled\n}\npretrain \"q\" {\nviews = augment.large\n%s\n}\n")
	checkMistakes(t, []mistaken{
		{"image_size = 20", nil},
		{"image_size = 16", []string{
			"resolution: Images of 16 px leave no room for half and three quarters in multiples of 8: write sizes and shares, or leave out this block."}},
	}, "download \"small\" {\nsource = \"fashion-mnist-mini\"\n%s\n}\naugment \"small\" {\ndata = download.small.unlabelled\n}\n"+
		"pretrain \"q\" {\nviews = augment.small\npretext \"rotation\" {}\nresolution {\n}\n}\n")
}

// Without the block a recipe has no trace of it, so results from before it was known
// keep their fingerprints.
func TestResolutionIsNotInRecipesWithoutIt(t *testing.T) {
	keys := func(text string) []string {
		units := planned(t, text)
		var recipe struct{ Config map[string]any }
		if err := json.Unmarshal(units[len(units)-1].Recipe, &recipe); err != nil {
			t.Fatal(err)
		}
		return slices.Sorted(maps.Keys(recipe.Config))
	}
	want := []string{"backbone", "batch_size", "epochs", "optimizer", "pretext", "schedule", "threads"}
	if got := keys(stagesBefore); !slices.Equal(got, want) {
		t.Errorf("the recipe holds %v, want %v", got, want)
	}
	with := "pretrain \"q\" {\nviews = augment.views\npretext \"rotation\" {}\nresolution {}\n}\n"
	if got := keys(stagesBefore + with); !slices.Contains(got, "resolution") {
		t.Errorf("with the block the recipe holds %v", got)
	}
}

func TestPhases(t *testing.T) {
	for _, test := range []struct {
		shape [3]int
		steps int
		c     *ResolutionConfig
		want  string
	}{
		{[3]int{64, 64, 3}, 100, nil, "[{{64 64} 0 100}]"},
		{[3]int{64, 64, 3}, 1000, &ResolutionConfig{}, "[{{32 32} 0 600} {{48 48} 600 850} {{64 64} 850 1000}]"},
		{[3]int{28, 28, 1}, 10, &ResolutionConfig{}, "[{{16 16} 0 6} {{24 24} 6 9} {{28 28} 9 10}]"},
		{[3]int{96, 128, 3}, 10, &ResolutionConfig{Sizes: []int{36, 96}, Shares: []float64{0.75, 0.25}}, "[{{36 48} 0 8} {{96 128} 8 10}]"},
		// Too few steps for all, and never none at the images' own size.
		{[3]int{64, 64, 3}, 1, &ResolutionConfig{}, "[{{32 32} 0 0} {{48 48} 0 0} {{64 64} 0 1}]"},
		{[3]int{64, 64, 3}, 3, &ResolutionConfig{}, "[{{32 32} 0 2} {{48 48} 2 2} {{64 64} 2 3}]"},
	} {
		if got := fmt.Sprint((&PretrainConfig{Resolution: test.c}).phases(test.shape, test.steps)); got != test.want {
			t.Errorf("%v, %d steps, %+v: %s, want %s", test.shape, test.steps, test.c, got, test.want)
		}
	}
}

// A size is accepted for a task exactly if the graph there has the variables of the full
// size, in names and shapes.
func TestTasksShareTheirWeightsAtEverySizeThatIsAccepted(t *testing.T) {
	tftest.Load(t)
	v := viewsOf(t, prepared(t, dataset.Source{Name: "fashion-mnist-mini", UnlabelledLimit: 64, ValidationPerClass: 1, ImageSize: 64}))
	more := map[string][]int{"inpaint": {48}, "jigsaw": {16}, "unit 8": {16, 32}}
	refused := map[string]bool{}
	for _, name := range append(pretext.Kinds.Names(), "unit 8") {
		task := sizedTask(t, name)
		if pretext.Fits(task.Config.(pretext.Task), pretext.Batch{N: 16, H: 64, W: 64, C: 1}) != nil {
			continue // texts have one size
		}
		c := smallConfig(t, task)
		full := variablesAt(t, c, v, 64)
		if len(full) < 50 {
			t.Fatalf("%s has %d variables", name, len(full))
		}
		for _, side := range append([]int{40}, more[name]...) {
			c.Resolution = &ResolutionConfig{Sizes: []int{side, 64}, Shares: []float64{0.5, 0.5}}
			problems := c.checkTasks(plan.Facts{Shape: v.Meta.Shape})
			if problems != nil {
				refused[fmt.Sprintf("%s %d", name, side)] = true
			}
			if same := slices.Equal(variablesAt(t, c, v, side), full); same != (problems == nil) {
				t.Errorf("%s at %d px: the same variables: %v; problems: %v", name, side, same, problems)
			}
		}
	}
	want := map[string]bool{"inpaint 40": true, "masked_image 40": true}
	if diff := cmp.Diff(want, refused); diff != "" {
		t.Errorf("what is refused (-want +got):\n%s", diff)
	}
}

// sizedTask is a task, or masked images with units of fixed size.
func sizedTask(t *testing.T, name string) (choice schema.Choice) {
	t.Helper()
	if name == "unit 8" {
		choice = choiceOf(t, "masked_image")
		choice.Config.(*pretext.MaskedImage).Unit = 8
		return choice
	}
	choice = choiceOf(t, name)
	if m, ok := choice.Config.(*pretext.MoCo); ok {
		m.Groups = 2 // fewer nodes
	}
	return choice
}

// variablesAt describes the variables of a stage's graph for views of a size; nil if there
// is none.
func variablesAt(t *testing.T, c *PretrainConfig, v *views, side int) []string {
	t.Helper()
	at := v.at(transform.Size{H: side, W: side})
	graph, err := newTaskGraph(c.Pretexts, newNetwork(c.Backbone, v.Meta), at, c.BatchSize, 1, 1, "cpu", team{})
	if err != nil {
		t.Fatal(err)
	}
	graph.loss()
	if graph.g.Err() != nil {
		return nil
	}
	var all []string
	for _, v := range graph.g.Variables() {
		all = append(all, v.String())
	}
	return all
}
