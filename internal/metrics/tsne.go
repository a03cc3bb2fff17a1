package metrics

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
)

// TSNEOptions are what a reader of the picture may want to vary.
type TSNEOptions struct {
	// Perplexity is about the number of neighbours that each row keeps close; 0
	// stands for 30. More than a third of the number of other rows means a third.
	Perplexity float64
	// Iterations are the steps of gradient descent; 0 stands for 750. Over the
	// first third, at most 250 of them, neighbours attract each other 12 times as
	// much, so that clusters find together.
	Iterations int
}

// tsneComponents is the number of principal components between which distances
// are taken: enough for neighbours, and without much of the noise.
const tsneComponents = 50

// TSNE lays rows x, [n, dim], out in the plane by exact t-SNE (van der Maaten and
// Hinton, JMLR 9, 2008) so that neighbours stay neighbours, and returns the
// Kullback-Leibler divergence that is left, in nats. Distances between clusters,
// and their sizes, mean little.
//
// It begins with the principal components, scaled down (Kobak and Berens, Nature
// Communications 10, 2019), so nothing is drawn at random; on one machine the
// same rows give the same bits. Each step takes time in n^2: 500 rows take about
// a second on one processor, 1,000 four. It refuses what [PCA] refuses.
func TSNE(x []float32, dim int, o TSNEOptions) (points [][2]float64, divergence float64, err error) {
	if !(o.Perplexity >= 0) || o.Iterations < 0 {
		return nil, 0, fmt.Errorf("t-SNE: perplexity %v and %d iterations must not be negative", o.Perplexity, o.Iterations)
	}
	rows, err := centredRows(x, dim)
	if err != nil {
		return nil, 0, fmt.Errorf("t-SNE: %w", err)
	}
	k := min(tsneComponents, max(dim, 2))
	components, err := principal(rows, k, 3*k)
	if err != nil {
		return nil, 0, err
	}
	if o.Perplexity == 0 {
		o.Perplexity = 30
	}
	if o.Iterations == 0 {
		o.Iterations = 750
	}
	l := newLayout(components, min(o.Perplexity, max(1, float64(len(rows)-1)/3)))
	// Speed and gains of the first phase would shake the second.
	early := min(250, o.Iterations/3)
	l.descend(early, 12, 0.5)
	l.descend(o.Iterations-early, 1, 0.8)
	points = make([][2]float64, l.n)
	for i := range points {
		points[i] = [2]float64{l.at[0][i], l.at[1][i]}
	}
	return points, l.divergence(), nil
}

// layout is a picture in the making.
type layout struct {
	n    int
	p    []float64    // [n, n], symmetric: how much two rows are neighbours; sums to 1
	at   [2][]float64 // coordinates of the rows
	pull [2][]float64 // on each row, the attraction of the others
	push [2][]float64 // and their repulsion, not yet divided by the sum of all
	all  []float64    // each row's share in that sum
}

func newLayout(components [][]float64, perplexity float64) *layout {
	n := len(components[0])
	l := &layout{n: n, p: affinities(components, perplexity), all: make([]float64, n)}
	// The second component keeps its size relative to the first.
	shrink := 1e-4 / max(floats.Norm(components[0], 2)/math.Sqrt(float64(n)), math.SmallestNonzeroFloat32)
	for axis := range 2 {
		l.at[axis] = floats.ScaleTo(make([]float64, n), shrink, components[axis])
		l.pull[axis], l.push[axis] = make([]float64, n), make([]float64, n)
	}
	return l
}

// descend moves the rows by gradient descent with momentum and a gain of its own
// for each coordinate (Jacobs, 1988), with the rates of the authors' program.
func (l *layout) descend(iterations int, attraction, momentum float64) {
	// Belkina et al. (Nature Communications 10, 2019) take n/12 for a gradient
	// without its factor of 4; with it, 1,000 rows come down further in 750 steps.
	rate := max(float64(l.n)/12, 50)
	var velocity, gain [2][]float64
	for axis := range 2 {
		velocity[axis], gain[axis] = make([]float64, l.n), make([]float64, l.n)
		floats.AddConst(1, gain[axis])
	}
	for range iterations {
		for axis, gradient := range l.gradient(attraction) {
			v, gains := velocity[axis], gain[axis]
			for i, slope := range gradient {
				if slope*v[i] < 0 {
					gains[i] += 0.2
				} else {
					gains[i] = max(0.01, gains[i]*0.8)
				}
				v[i] = momentum*v[i] - rate*gains[i]*slope
				l.at[axis][i] += v[i]
			}
		}
	}
}

// gradient returns that of the divergence by each coordinate, with p multiplied
// by attraction. The next call, or one of divergence, overwrites it.
func (l *layout) gradient(attraction float64) [2][]float64 {
	inParallel(l.n, l.forces)
	// In the order of rows, however many worked on them.
	total := floats.Sum(l.all)
	for axis := range 2 {
		floats.Scale(4*attraction, l.pull[axis])
		floats.AddScaled(l.pull[axis], -4/total, l.push[axis])
	}
	return l.pull
}

// forces sums what the others do to row i.
func (l *layout) forces(i int) {
	xs, ys, p := l.at[0], l.at[1], l.p[i*l.n:(i+1)*l.n]
	ys, p = ys[:len(xs)], p[:len(xs)]
	x, y := xs[i], ys[i]
	sum, pullX, pullY, pushX, pushY := -1.0, 0.0, 0.0, 0.0, 0.0 // -1 for the row itself
	for j, other := range xs {
		dx, dy := x-other, y-ys[j]
		closeness := 1 / (1 + dx*dx + dy*dy)
		sum += closeness
		near := p[j] * closeness
		pullX += near * dx
		pullY += near * dy
		far := closeness * closeness
		pushX += far * dx
		pushY += far * dy
	}
	l.all[i], l.pull[0][i], l.pull[1][i], l.push[0][i], l.push[1][i] = sum, pullX, pullY, pushX, pushY
}

// divergence returns the Kullback-Leibler divergence of the picture from p.
func (l *layout) divergence() float64 {
	inParallel(l.n, l.forces)
	total, sum := floats.Sum(l.all), 0.0
	for i := range l.n {
		for j, p := range l.p[i*l.n : (i+1)*l.n] {
			if p > 0 {
				dx, dy := l.at[0][i]-l.at[0][j], l.at[1][i]-l.at[1][j]
				sum += p * math.Log(p*total*(1+dx*dx+dy*dy))
			}
		}
	}
	return sum
}
