package stages

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/plan"
)

func TestBudgetsBecomeCoordinates(t *testing.T) {
	for name, c := range map[string]struct {
		budgets Budgets
		seeds   int // of the stage; the pipeline has 2
		want    []plan.Coord
	}{
		"counts": {Budgets{LabelsPerClass: []int{10, 1}}, 0, []plan.Coord{
			{"labels": 10, "seed": 0}, {"labels": 10, "seed": 1}, {"labels": 1, "seed": 0}, {"labels": 1, "seed": 1},
		}},
		"fractions": {Budgets{LabelFractions: []float64{0.001, 0.29, 0.057, 1}}, 1, []plan.Coord{
			{"permille": 1, "seed": 0}, {"permille": 290, "seed": 0}, {"permille": 57, "seed": 0}, {"permille": 1000, "seed": 0},
		}},
		"seeds of the stage": {Budgets{LabelFractions: []float64{0.5}}, 3, []plan.Coord{
			{"permille": 500, "seed": 0}, {"permille": 500, "seed": 1}, {"permille": 500, "seed": 2},
		}},
	} {
		got := budgetCoords(&FinetuneConfig{Budgets: c.budgets, Seeds: c.seeds}, plan.Pipeline{Seeds: 2})
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// The made-up set has 40, 24 and 16 training images of its classes: 5 % are 2, 1
// and 1, and 25 % are 10, 6 and 4.
func TestLabelsOfAUnit(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	drawn := map[string][]int{}
	for name, c := range map[string]struct {
		coord             plan.Coord
		images, per, less int
	}{
		"5 %":           {plan.Coord{"permille": 50, "seed": 1}, 4, 1, 1},
		"25 %":          {plan.Coord{"permille": 250, "seed": 1}, 20, 7, 4},
		"2 a class":     {plan.Coord{"labels": 2, "seed": 1}, 6, 2, 2},
		"10 a class":    {plan.Coord{"labels": 10, "seed": 1}, 30, 10, 10},
		"another seed":  {plan.Coord{"labels": 10, "seed": 2}, 30, 10, 10},
		"all of a seed": {plan.Coord{"permille": 1000, "seed": 2}, 80, 27, 16},
	} {
		data := openUnit(t, unitEnv(t, t.TempDir(), dir, c.coord))
		if len(data.train) != c.images || data.perClass() != c.per || data.smallestClass() != c.less {
			t.Errorf("%s: %d images, %d a class in the mean, %d at least; want %d, %d and %d",
				name, len(data.train), data.perClass(), data.smallestClass(), c.images, c.per, c.less)
		}
		if len(data.validation) != 24 || slices.ContainsFunc(data.train, func(i int) bool { return slices.Contains(data.validation, i) }) {
			t.Errorf("%s: %d validation images, or some that are trained on", name, len(data.validation))
		}
		drawn[name] = data.train
	}
	for _, pair := range [][2]string{{"5 %", "2 a class"}, {"5 %", "25 %"}, {"2 a class", "25 %"}, {"25 %", "all of a seed"}, {"2 a class", "10 a class"}} {
		for _, i := range drawn[pair[0]] {
			if !slices.Contains(drawn[pair[1]], i) {
				t.Errorf("image %d of %s is not among %s", i, pair[0], pair[1])
			}
		}
	}
	if slices.Equal(drawn["10 a class"], drawn["another seed"]) {
		t.Error("two seeds draw the same images")
	}
}

// Nothing but the budget and the seed decides on the labels: stages of any name
// learn from the same images, however they come to them.
func TestEveryArmLearnsFromTheSameImages(t *testing.T) {
	o := newObjects(t)
	dir := o.madeUp(t)
	coord := plan.Coord{"labels": 5, "seed": 7}
	one := unitEnv(t, t.TempDir(), dir, coord)
	two := unitEnv(t, t.TempDir(), dir, coord)
	two.Unit.Address, two.Unit.Fingerprint = "finetune.other[labels=5,seed=7]", "f00d"
	two.Inputs["init"] = two.Inputs["data"]
	if a, b := openUnit(t, one), openUnit(t, two); !slices.Equal(a.train, b.train) || !slices.Equal(a.validation, b.validation) {
		t.Errorf("one arm learns from %v, another from %v", a.train, b.train)
	}
}

func TestTooFewLabels(t *testing.T) {
	o := newObjects(t)
	_, err := openLabelled(unitEnv(t, t.TempDir(), o.madeUp(t), plan.Coord{"labels": 17, "seed": 0}))
	if want := `draw labels: class "wide" has 16 images in train, 17 were asked for`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
