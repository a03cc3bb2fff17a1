package pretext

import (
	"slices"
	"testing"
)

// The sets are as large and as far apart as the tasks say.
func TestPermutationsDifferInManyPlaces(t *testing.T) {
	for _, c := range []struct {
		name                   string
		set                    [][]int
		points, size, distance int
	}{
		{"affine9", affine9(), 9, 72, 8},
		{"projective8", projective8(), 9, 504, 7},
		{"symmetric4", symmetric4(), 4, 24, 2},
	} {
		if len(c.set) != c.size {
			t.Errorf("%s has %d permutations, want %d", c.name, len(c.set), c.size)
		}
		identity := make([]int, c.points)
		for i := range identity {
			identity[i] = i
		}
		least, found := c.points, false
		for i, p := range c.set {
			if sorted := slices.Sorted(slices.Values(p)); !slices.Equal(sorted, identity) {
				t.Fatalf("%s: %v is no permutation", c.name, p)
			}
			found = found || slices.Equal(p, identity)
			for _, q := range c.set[:i] {
				differ := 0
				for at := range p {
					if p[at] != q[at] {
						differ++
					}
				}
				least = min(least, differ)
			}
		}
		if least != c.distance {
			t.Errorf("%s: two permutations differ in %d places, want at least %d and once as few", c.name, least, c.distance)
		}
		if !found {
			t.Errorf("%s lacks the identity", c.name)
		}
	}
}
