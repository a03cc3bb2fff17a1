package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

type projectionGolden struct {
	PCA []struct {
		Dim    int
		X      []float32
		Points [][2]float64
	}
	Neighbours struct {
		Dim, K  int
		X       []float32
		Of      []int
		Nearest [][]int
	}
	TSNE struct {
		Dim        int
		X          []float32
		Divergence map[int]float64 // by perplexity
	}
}

func loadProjections(t *testing.T) projectionGolden {
	t.Helper()
	data, err := os.ReadFile("testdata/projection_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden projectionGolden
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	return golden
}

func nearPoints(t *testing.T, what string, got, want [][2]float64, within float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d points, want %d", what, len(got), len(want))
	}
	for i := range got {
		if math.Hypot(got[i][0]-want[i][0], got[i][1]-want[i][1]) > within {
			t.Errorf("%s: point %d at %v, want %v", what, i, got[i], want[i])
		}
	}
}

func TestPCAAgreesWithNumPy(t *testing.T) {
	cases := loadProjections(t).PCA
	for i, c := range cases {
		points, err := PCA(c.X, c.Dim)
		if err != nil {
			t.Fatal(err)
		}
		nearPoints(t, fmt.Sprintf("case %d", i), points, c.Points, 1e-7)
	}
	if len(cases) != 4 {
		t.Errorf("%d cases, want 4", len(cases))
	}
}

func TestPCAOfKnownPictures(t *testing.T) {
	for name, c := range map[string]struct {
		dim  int
		x    []float32
		want [][2]float64
	}{
		"one number a row": {1, []float32{1, 2, 6}, [][2]float64{{-2, 0}, {-1, 0}, {3, 0}}},
		"a line":           {3, []float32{0, 0, 7, 3, 4, 7, -3, -4, 7, 12, 16, 7}, [][2]float64{{-5, 0}, {0, 0}, {-10, 0}, {15, 0}}},
		// The largest of the first column is the -14/3 of rows 2 and 3.
		"a rectangle": {2, []float32{5, 1, 5, -1, -4, 1, -4, -1, 1, 1, 1, -1},
			[][2]float64{{-13. / 3, 1}, {-13. / 3, -1}, {14. / 3, 1}, {14. / 3, -1}, {-1. / 3, 1}, {-1. / 3, -1}}},
		"all the same": {2, []float32{3, 4, 3, 4, 3, 4}, make([][2]float64, 3)},
	} {
		points, err := PCA(c.x, c.dim)
		if err != nil {
			t.Fatal(err)
		}
		nearPoints(t, name, points, c.want, 1e-9)
	}
}

// Three equal eigenvalues of four: any two directions will do, but their
// variance is known.
func TestPCAFindsEqualEigenvalues(t *testing.T) {
	var x []float32
	for axis := range 4 {
		for _, v := range []float32{-2, 2} {
			row := make([]float32, 4)
			row[axis] = v
			if axis == 3 {
				row[axis] /= 4
			}
			x = append(x, row...)
		}
	}
	points, err := PCA(x, 4)
	if err != nil {
		t.Fatal(err)
	}
	for axis := range 2 {
		sum := 0.0
		for _, p := range points {
			sum += p[axis] * p[axis]
		}
		near(t, fmt.Sprintf("variance of component %d", axis), sum, 8)
	}
}

func TestPCARefusals(t *testing.T) {
	nan := float32(math.NaN())
	for want, x := range map[string][]float32{
		"4 numbers in rows of 2 are not three rows or more": {1, 2, 3, 4},
		"7 numbers in rows of 2":                            {1, 2, 3, 4, 5, 6, 7},
		"row 2 holds NaN":                                   {1, 2, 3, 4, nan, 6},
		"row 0 holds -Inf":                                  {1, float32(math.Inf(-1)), 3, 4, 5, 6},
	} {
		_, err := PCA(x, 2)
		_, _, also := TSNE(x, 2, TSNEOptions{})
		for _, err := range []error{err, also} {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%v: error %v, want %q", x, err, want)
			}
		}
	}
}

func TestNeighboursAgreeWithNumPy(t *testing.T) {
	c := loadProjections(t).Neighbours
	if got := Neighbours(c.X, c.Dim, c.Of, c.K); fmt.Sprint(got) != fmt.Sprint(c.Nearest) {
		t.Errorf("neighbours %v, want %v", got, c.Nearest)
	}
}

func TestNeighboursOfKnownRows(t *testing.T) {
	nan := float32(math.NaN())
	// Rows 0, 2 and 4 point the same way, 1 stands across, 3 the other way, 5 is
	// zero and 6 is not a number.
	x := []float32{1, 0, 0, 2, 2, 0, -1, 0, 4, 0, 0, 0, nan, 1}
	for _, c := range []struct {
		of   []int
		k    int
		want string
	}{
		{[]int{0, 4}, 3, "[[2 4 1] [0 2 1]]"},
		{[]int{3}, 9, "[[1 5 0 2 4 6]]"},
		{[]int{5}, 2, "[[0 1]]"},
		{[]int{1}, 0, "[[]]"},
		{nil, 3, "[]"},
	} {
		if got := fmt.Sprint(Neighbours(x, 2, c.of, c.k)); got != c.want {
			t.Errorf("%d neighbours of %v: %s, want %s", c.k, c.of, got, c.want)
		}
	}
}

// gaussians draws rows of unit variance about each of some centres, one cluster
// after the other.
func gaussians(n, dim, clusters int, apart float64) []float32 {
	random := rand.New(rand.NewPCG(5, 7))
	var x []float32
	for c := range clusters {
		for range n / clusters {
			for k := range dim {
				v := random.NormFloat64()
				if k%clusters == c {
					v += apart
				}
				x = append(x, float32(v))
			}
		}
	}
	return x
}

func BenchmarkPCA(b *testing.B) {
	x := gaussians(1000, 4096, 2, 0.2)
	for b.Loop() {
		if _, err := PCA(x, 4096); err != nil {
			b.Fatal(err)
		}
	}
}
