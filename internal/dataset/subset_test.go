package dataset

import (
	"fmt"
	"slices"
	"testing"

	"sslpipe/internal/artifact"
)

// unbalanced has classes of 40, 15 and 6 training images, in turns as long as
// there are any, with an image without a class after every fourth. Its split
// "thin" lacks class c.
func unbalanced() *Dataset {
	d := &Dataset{Meta: artifact.DatasetMeta{Name: "made-up", Classes: []string{"a", "b", "c"}}, splits: map[string][]int{}}
	left := []int{40, 15, 6}
	for left[0] > 0 {
		for class := range left {
			if left[class] > 0 {
				left[class]--
				d.labels = append(d.labels, int32(class))
			}
		}
		if len(d.labels)%4 == 0 {
			d.labels = append(d.labels, -1)
		}
	}
	for i, l := range d.labels {
		d.splits[Train] = append(d.splits[Train], i)
		if l != 2 {
			d.splits["thin"] = append(d.splits["thin"], i)
		}
	}
	return d
}

// byClass sorts drawn images by class.
func byClass(t *testing.T, d *Dataset, drawn []int, err error) [3][]int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.IsSorted(drawn) {
		t.Errorf("%v is not ascending", drawn)
	}
	var of [3][]int
	for _, i := range drawn {
		if l := d.Label(i); l >= 0 {
			of[l] = append(of[l], i)
		} else {
			t.Errorf("image %d without a class was drawn", i)
		}
	}
	return of
}

// Shares of 40, 15 and 6 images are rounded, half up, and never 0.
func TestFractionCounts(t *testing.T) {
	d := unbalanced()
	for permille, want := range map[int][3]int{
		1: {1, 1, 1}, 10: {1, 1, 1}, 37: {1, 1, 1}, 38: {2, 1, 1}, 100: {4, 2, 1},
		250: {10, 4, 2}, 500: {20, 8, 3}, 999: {40, 15, 6}, 1000: {40, 15, 6},
	} {
		drawn, err := d.Fraction(Train, permille, 3)
		of := byClass(t, d, drawn, err)
		if got := [3]int{len(of[0]), len(of[1]), len(of[2])}; got != want {
			t.Errorf("%d thousandths are %v images, want %v", permille, got, want)
		}
	}
}

// Of two draws with one seed, counts or shares, the one with fewer images of a
// class takes some of those that the other takes.
func TestDrawsAreNested(t *testing.T) {
	d := unbalanced()
	for seed := range int64(3) {
		draws := map[string][3][]int{}
		for _, n := range []int{1, 2, 4, 6} {
			drawn, err := d.Subset(Train, n, seed)
			draws[fmt.Sprintf("%d images", n)] = byClass(t, d, drawn, err)
		}
		for _, permille := range []int{10, 100, 250, 500, 1000} {
			drawn, err := d.Fraction(Train, permille, seed)
			draws[fmt.Sprintf("%d thousandths", permille)] = byClass(t, d, drawn, err)
		}
		for small, a := range draws {
			for large, b := range draws {
				for class := range a {
					if len(a[class]) <= len(b[class]) && !within(a[class], b[class]) {
						t.Errorf("seed %d, class %d: %s are %v, %s are %v", seed, class, small, a[class], large, b[class])
					}
				}
			}
		}
	}
}

func within(some, all []int) bool {
	return !slices.ContainsFunc(some, func(i int) bool { return !slices.Contains(all, i) })
}

func TestDrawsFollowTheSeed(t *testing.T) {
	d := unbalanced()
	for name, draw := range map[string]func(seed int64) ([]int, error){
		"count": func(seed int64) ([]int, error) { return d.Subset(Train, 4, seed) },
		"share": func(seed int64) ([]int, error) { return d.Fraction(Train, 100, seed) },
	} {
		one, err := draw(1)
		again, _ := draw(1)
		two, _ := draw(2)
		if err != nil || !slices.Equal(one, again) || slices.Equal(one, two) {
			t.Errorf("%s: seed 1 gives %v and %v, seed 2 %v; error %v", name, one, again, two, err)
		}
	}
}

func TestDrawsRefuse(t *testing.T) {
	d := unbalanced()
	for want, draw := range map[string]func() ([]int, error){
		"draw labels from train: 0 images of each class":                       func() ([]int, error) { return d.Subset(Train, 0, 1) },
		"draw labels from train: 0 thousandths of each class":                  func() ([]int, error) { return d.Fraction(Train, 0, 1) },
		"draw labels from train: 1001 thousandths of each class":               func() ([]int, error) { return d.Fraction(Train, 1001, 1) },
		`draw labels: class "c" has 6 images in train, 7 were asked for`:       func() ([]int, error) { return d.Subset(Train, 7, 1) },
		`draw labels: class "c" has 0 images in thin, 1 were asked for`:        func() ([]int, error) { return d.Fraction("thin", 1000, 1) },
		`draw labels: data set made-up has no split "dev"; it has thin, train`: func() ([]int, error) { return d.Fraction("dev", 10, 1) },
	} {
		if drawn, err := draw(); err == nil || err.Error() != want {
			t.Errorf("drew %v, error %v, want %q", drawn, err, want)
		}
	}
}
