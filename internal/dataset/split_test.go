package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// recordsOf makes distinct images of the given parts and labels.
func recordsOf(parts []part, labels []int) []record {
	records := make([]record, len(parts))
	for i := range records {
		records[i] = record{part: parts[i], label: labels[i], rank: len(parts) - i, hash: [32]byte{byte(i), byte(i >> 8), 1}}
	}
	return records
}

// training makes n training images of alternating classes and then tests test
// images.
func training(n, tests int) []record {
	var parts []part
	var labels []int
	for i := range n + tests {
		p := partTrain
		if i >= n {
			p = partTest
		}
		parts, labels = append(parts, p), append(labels, i%2)
	}
	return recordsOf(parts, labels)
}

func mustCut(t *testing.T, records []record, s Source) *cutter {
	t.Helper()
	c, err := cut(records, []string{"a", "b"}, s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCutIsStratifiedDisjointAndSeeded(t *testing.T) {
	c := mustCut(t, training(20, 4), Source{ValidationPerClass: 2, TestPerClass: 1, Seed: 7})
	want := map[string][]int{
		Test:       {5, 18, 20, 21, 22, 23},
		Validation: {8, 9, 12, 19},
		Train:      {0, 1, 2, 3, 4, 6, 7, 10, 11, 13, 14, 15, 16, 17},
		Unlabelled: {0, 1, 2, 3, 4, 6, 7, 10, 11, 13, 14, 15, 16, 17},
	}
	for name, indices := range want {
		if !slices.Equal(c.splits[name], indices) {
			t.Errorf("%s is %v, want %v", name, c.splits[name], indices)
		}
	}
	if other := mustCut(t, training(20, 4), Source{ValidationPerClass: 2, TestPerClass: 1, Seed: 8}); slices.Equal(other.splits[Validation], want[Validation]) {
		t.Error("another seed gives the same validation images")
	}
	more := mustCut(t, training(20, 4), Source{ValidationPerClass: 3, TestPerClass: 1, Seed: 7})
	if !slices.Equal(more.splits[Test], want[Test]) {
		t.Error("the validation size changes the test images")
	}
}

func TestCutDropsDuplicates(t *testing.T) {
	records := training(12, 2)
	records[0].hash = records[12].hash // a training image that is also a test image
	records = append(records,
		record{part: partUnlabelled, label: -1, hash: records[13].hash}, // 14: equals a test image
		record{part: partUnlabelled, label: -1, hash: [32]byte{99}},     // 15: equals none
	)
	c := mustCut(t, records, Source{ValidationPerClass: 1, Seed: 1})
	held := c.splits[Validation][0]
	records = append(records, record{part: partUnlabelled, label: -1, hash: records[held].hash}) // 16: equals a validation image
	c = mustCut(t, records, Source{ValidationPerClass: 1, Seed: 1})
	if c.splits[Validation][0] != held {
		t.Fatalf("validation is %v, was to hold %d", c.splits[Validation], held)
	}
	for _, i := range []int{0, 14, 16} {
		if slices.Contains(c.splits[Unlabelled], i) || slices.Contains(c.splits[Train], i) {
			t.Errorf("duplicate %d is in a split that is trained on", i)
		}
	}
	if !slices.Contains(c.splits[Unlabelled], 15) || slices.Contains(c.splits[Train], 15) {
		t.Error("an unlabelled image is not in unlabelled alone")
	}
	if got := fmt.Sprint(c.duplicates); got != "map[train:1 unlabelled:2]" {
		t.Errorf("dropped %s", got)
	}
	if len(c.splits[Train]) != 12-1-2 || len(c.splits[Unlabelled]) != 12-1-2+1 {
		t.Errorf("%d for training, %d unlabelled", len(c.splits[Train]), len(c.splits[Unlabelled]))
	}
}

func TestCutKeepsOfficialValidation(t *testing.T) {
	records := training(8, 2)
	records[3].part, records[6].part = partValidation, partValidation
	records[6].hash = records[9].hash // equals a test image
	c := mustCut(t, records, Source{ValidationPerClass: 1})
	if got := fmt.Sprint(c.splits, c.duplicates); got != "map[test:[8 9] train:[0 1 2 4 5 7] unlabelled:[0 1 2 4 5 7] validation:[3]] map[validation:1]" {
		t.Error(got)
	}
}

func TestCutLimitsUnlabelledByRank(t *testing.T) {
	c := mustCut(t, training(6, 2), Source{UnlabelledLimit: 2}) // ranks fall, so the last come first
	if got := fmt.Sprint(c.splits[Unlabelled], c.splits[Train]); got != "[4 5] [0 1 2 3 4 5]" {
		t.Error(got)
	}
}

func TestCutRefuses(t *testing.T) {
	for want, c := range map[string]struct {
		records []record
		s       Source
	}{
		`class "b" has 4 training images, too few for 5 validation images`: {training(9, 2), Source{ValidationPerClass: 5}},
		`class "b" has no training images left after 1 for test and 3 for`: {training(9, 2), Source{ValidationPerClass: 3, TestPerClass: 1}},
		"there are no test images": {training(9, 0), Source{}},
	} {
		if _, err := cut(c.records, []string{"a", "b"}, c.s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// itemsOf makes items named by their number.
func catalogueOf(labels []string, parts []part, of []int) *catalogue {
	c := &catalogue{labels: labels, raw: [3]int{1, 1, 1}}
	for i, p := range parts {
		c.items = append(c.items, item{name: fmt.Sprint(i), part: p, label: of[i]})
	}
	return c
}

func TestChooseClasses(t *testing.T) {
	c := catalogueOf([]string{"n1", "n2", "n3"},
		[]part{partTrain, partTrain, partTrain, partTest, partTest, partTest, partUnlabelled},
		[]int{0, 1, 2, 0, 1, 2, -1})
	picked, err := choose(c, KnownSet{}, Source{Classes: map[string]string{"fish": "n1", "duck": "n3"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, it := range picked.items {
		got = append(got, fmt.Sprintf("%s:%d:%d", it.name, it.part, it.label))
	}
	// Classes are numbered by name; the class between is unlabelled, its test image gone.
	want := []string{"0:0:1", "1:3:-1", "2:0:0", "3:2:1", "5:2:0", "6:3:-1"}
	if !slices.Equal(got, want) || !slices.Equal(picked.classes, []string{"duck", "fish"}) {
		t.Errorf("classes %v, items %v; want %v", picked.classes, got, want)
	}
	for want, classes := range map[string]map[string]string{
		`class "cow": no label "n9"; there are n1, n2, n3`: {"cow": "n9", "fish": "n1"},
		`label "n1" is given two names`:                    {"cow": "n1", "fish": "n1"},
	} {
		if _, err := choose(c, KnownSet{}, Source{Classes: classes}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

func TestChooseByNameOfKnownClass(t *testing.T) {
	c := catalogueOf([]string{"0", "1"}, []part{partTrain, partTrain}, []int{0, 1})
	picked, err := choose(c, KnownSet{Classes: []string{"Coat", "Bag"}}, Source{Classes: map[string]string{"x": "Bag", "y": "0"}})
	if err != nil || picked.items[1].label != 0 || picked.items[0].label != 1 {
		t.Errorf("items %v, error %v", picked.items, err)
	}
	if _, err := choose(c, KnownSet{Name: "k", Classes: []string{"Coat"}}, Source{}); err == nil || !strings.Contains(err.Error(), "has 2 classes, k has 1") {
		t.Errorf("error %v", err)
	}
}

func TestChooseLeavesOutWhatTheLimitCannotReach(t *testing.T) {
	parts, of := []part{partTrain, partTrain, partTest}, []int{0, 1, 0}
	for range 100 {
		parts, of = append(parts, partUnlabelled), append(of, -1)
	}
	picked, err := choose(catalogueOf([]string{"a", "b"}, parts, of), KnownSet{}, Source{UnlabelledLimit: 10})
	if err != nil {
		t.Fatal(err)
	}
	unlabelled := 0
	for i, it := range picked.items {
		if it.part == partUnlabelled {
			unlabelled++
			if picked.ranks[i] >= 12 {
				t.Errorf("%s of rank %d is kept", it.name, picked.ranks[i])
			}
		}
	}
	if unlabelled < 10 || unlabelled > 12 {
		t.Errorf("%d unlabelled images kept for a limit of 10", unlabelled)
	}
}
