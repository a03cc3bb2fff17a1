package stages

import (
	"slices"
	"testing"
)

// Of 5 rows 3 are the first, the second and the fourth; of 3 all are.
func TestRowsAtEvenDistances(t *testing.T) {
	rows := []float32{0, 10, 1, 11, 2, 12, 3, 13, 4, 14}
	if got, want := evenRows(rows, 2, 3), []float32{0, 10, 1, 11, 3, 13}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	if got := evenRows(rows[:6], 2, 3); !slices.Equal(got, rows[:6]) {
		t.Errorf("rows %v, want all of %v", got, rows[:6])
	}
}
