package train

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// Logistic is a multinomial logistic regression on standardised features: the
// linear probe of frozen encoders, and the raw-pixel baseline.
type Logistic struct {
	Features, Classes int
	Weights           []float64 // [Features, Classes], on unstandardised features
	Bias              []float64 // [Classes]
	L2                float64   // the penalty that was chosen
	Validation        float64   // accuracy on the validation examples
}

// Examples are feature vectors [N, Features], row by row, with their classes.
type Examples struct {
	X []float32
	Y []int32
}

// penalties are the L2 strengths tried, from strong to weak; a tie on
// validation data keeps the stronger.
var penalties = []float64{1, 0.1, 0.01, 0.001}

// FitLogistic fits by L-BFGS to train for each of a few L2 penalties and keeps
// the one with the best accuracy on validation. The result is a pure function
// of the data: the problem is convex and starts at zero.
func FitLogistic(train, validation Examples, features, classes int) (*Logistic, error) {
	p := newLogisticProblem(train, features, classes)
	if min(len(train.Y), features) <= reducible {
		if err := p.reduce(); err != nil {
			return nil, err
		}
	}
	var best *Logistic
	theta := make([]float64, (p.x.Cols+1)*classes)
	for _, l2 := range penalties {
		p.l2 = l2
		var err error
		// The solution of the stronger penalty is close: start there.
		if theta, err = p.minimise(theta); err != nil {
			return nil, fmt.Errorf("fit logistic regression (l2 = %g): %w", l2, err)
		}
		m := p.model(theta)
		m.Validation = m.accuracy(validation)
		if best == nil || m.Validation > best.Validation {
			best = m
		}
	}
	return best, nil
}

// accuracy is the share of examples whose largest score is at their class.
func (m *Logistic) accuracy(e Examples) float64 {
	right := 0
	scores := make([]float64, m.Classes)
	for i, y := range e.Y {
		copy(scores, m.Bias)
		for f, x := range e.X[i*m.Features : (i+1)*m.Features] {
			for c, w := range m.Weights[f*m.Classes : (f+1)*m.Classes] {
				scores[c] += float64(x) * w
			}
		}
		best := 0
		for c, s := range scores {
			if s > scores[best] {
				best = c
			}
		}
		if best == int(y) {
			right++
		}
	}
	return float64(right) / float64(max(1, len(e.Y)))
}

// logisticProblem is the penalised mean cross-entropy as a function of theta:
// weights [classes, columns of x] followed by the bias [classes]. With the long
// axis last, every product runs over contiguous numbers.
type logisticProblem struct {
	x                  blas64.General // standardised, [n, features], or [n, rank] once reduced
	basis              blas64.General // [features, rank] once reduced; else empty
	spread             []float64      // variance of each column of x once reduced
	y                  []int32
	mean, scale        []float64
	features, classes  int
	l2                 float64
	logits, weightGrad blas64.General
}

func newLogisticProblem(e Examples, features, classes int) *logisticProblem {
	n := len(e.Y)
	p := &logisticProblem{
		x: general(n, features), y: e.Y, features: features, classes: classes,
		mean: make([]float64, features), scale: make([]float64, features),
		logits: general(n, classes), weightGrad: general(classes, features),
	}
	for f := range features {
		var sum, squares float64
		for i := range n {
			v := float64(e.X[i*features+f])
			sum, squares = sum+v, squares+v*v
		}
		p.mean[f] = sum / float64(n)
		p.scale[f] = math.Sqrt(max(squares/float64(n)-p.mean[f]*p.mean[f], 0))
		if p.scale[f] < 1e-6 { // constant on the training examples: says nothing
			p.scale[f] = math.Inf(1)
		}
		for i := range n {
			p.x.Data[i*features+f] = (float64(e.X[i*features+f]) - p.mean[f]) / p.scale[f]
		}
	}
	return p
}

// reducible is the most dimensions for which an eigen decomposition, which grows
// with their cube, takes less than it saves.
const reducible = 1000

// reduce turns to the principal coordinates of the examples. Their space has at
// most as many dimensions as there are examples, and the best weights lie in it,
// since a part outside adds to the penalty and to no score. The problem becomes
// smaller where examples are few; loss, penalty and solution are the same. It also
// becomes easy to scale, see minimise.
func (p *logisticProblem) reduce() error {
	values, vectors, err := p.principal()
	if err != nil {
		return err
	}
	top := len(values) - 1
	first := 0
	for first < top && values[first] <= 1e-12*values[top] {
		first++
	}
	if values[top] <= 0 { // every feature is constant
		return nil
	}
	p.basis = general(p.features, len(values)-first)
	for j := range p.basis.Cols {
		p.spread = append(p.spread, values[first+j]/float64(p.x.Rows))
	}
	kept := vectors.Slice(0, len(values), first, len(values)).(*mat.Dense).RawMatrix()
	if len(values) == p.features {
		copyColumns(p.basis, kept, nil)
	} else {
		// Eigenvectors of the examples' products, over the roots of their values.
		left := general(kept.Rows, kept.Cols)
		copyColumns(left, kept, values[first:])
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, p.x, left, 0, p.basis)
	}
	reduced := general(p.x.Rows, p.basis.Cols)
	blas64.Gemm(blas.NoTrans, blas.NoTrans, 1, p.x, p.basis, 0, reduced)
	p.x, p.weightGrad = reduced, general(p.classes, p.basis.Cols)
	return nil
}

// principal is the eigen decomposition of the products of features or of examples,
// whichever are fewer; values ascending.
func (p *logisticProblem) principal() ([]float64, *mat.Dense, error) {
	of, size := blas.Trans, p.features
	if p.x.Rows < p.features {
		of, size = blas.NoTrans, p.x.Rows
	}
	products := mat.NewSymDense(size, nil)
	blas64.Syrk(of, 1, p.x, 0, products.RawSymmetric())
	var eigen mat.EigenSym
	if !eigen.Factorize(products, true) {
		return nil, nil, errors.New("reduce logistic regression: no eigenvalues found")
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	return eigen.Values(nil), &vectors, nil
}

// copyColumns copies a matrix, column j divided by the root of squares[j].
func copyColumns(to, from blas64.General, squares []float64) {
	for i := range from.Rows {
		for j := range from.Cols {
			x := from.Data[i*from.Stride+j]
			if squares != nil {
				x /= math.Sqrt(squares[j])
			}
			to.Data[i*to.Stride+j] = x
		}
	}
}

func general(rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: make([]float64, rows*cols)}
}

// curvature is about what the probabilities of a class in doubt make of the
// variance of a feature in the Hessian.
const curvature = 0.1

// minimise returns the theta of least loss, by L-BFGS. It works on weights that are
// scaled by the root of the loss's curvature along each principal coordinate:
// in those the valley is round, and a tenth of the steps is enough.
func (p *logisticProblem) minimise(start []float64) ([]float64, error) {
	scale := p.scales()
	var loss float64
	grad, at, theta := make([]float64, len(start)), make([]float64, len(start)), make([]float64, len(start))
	evaluated := false
	evaluate := func(scaled []float64) {
		if evaluated && slices.Equal(at, scaled) {
			return
		}
		copy(at, scaled)
		floats.DivTo(theta, scaled, scale)
		loss, evaluated = p.evaluate(theta, grad), true
		floats.Div(grad, scale)
	}
	scaled := floats.MulTo(make([]float64, len(start)), start, scale)
	result, err := optimize.Minimize(optimize.Problem{
		Func: func(x []float64) float64 { evaluate(x); return loss },
		Grad: func(out, x []float64) { evaluate(x); copy(out, grad) },
	}, scaled, &optimize.Settings{
		GradientThreshold: 1e-5, MajorIterations: 200,
		Converger: &optimize.FunctionConverge{Relative: 1e-6, Iterations: 5},
	}, &optimize.LBFGS{})
	// A line search that finds no further decrease has arrived, to rounding.
	if err != nil && (result == nil || math.IsNaN(result.F) || math.IsInf(result.F, 0)) {
		return nil, err
	}
	if result == nil {
		return nil, errors.New("no result")
	}
	return floats.DivTo(theta, result.X, scale), nil
}

// scales has a factor for each element of theta; ones unless reduced.
func (p *logisticProblem) scales() []float64 {
	scale := make([]float64, (p.x.Cols+1)*p.classes)
	for i := range scale {
		scale[i] = 1
		if i < p.x.Cols*p.classes && len(p.spread) > 0 {
			scale[i] = math.Sqrt(curvature*p.spread[i%p.x.Cols] + p.l2)
		}
	}
	return scale
}

// evaluate returns the loss at theta and writes its gradient.
func (p *logisticProblem) evaluate(theta, grad []float64) float64 {
	nw := p.x.Cols * p.classes
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, p.x, p.weights(theta), 0, p.logits)
	clear(grad)
	loss, n := 0.0, float64(len(p.y))
	for i, y := range p.y {
		row := p.logits.Data[i*p.classes : (i+1)*p.classes]
		loss += softmaxInPlace(row, theta[nw:], int(y)) / n
		row[y]--
		for c := range row {
			row[c] /= n
			grad[nw+c] += row[c]
		}
	}
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, p.logits, p.x, 0, p.weightGrad)
	for i, g := range p.weightGrad.Data {
		grad[i] = g + p.l2*theta[i]
		loss += p.l2 * theta[i] * theta[i] / 2
	}
	return loss
}

// weights is the part of theta before the bias.
func (p *logisticProblem) weights(theta []float64) blas64.General {
	return blas64.General{Rows: p.classes, Cols: p.x.Cols, Stride: p.x.Cols, Data: theta[:p.classes*p.x.Cols]}
}

// softmaxInPlace turns logits plus bias into probabilities and returns the
// cross-entropy against class y.
func softmaxInPlace(row, bias []float64, y int) float64 {
	top := math.Inf(-1)
	for c := range row {
		row[c] += bias[c]
		top = max(top, row[c])
	}
	sum := 0.0
	for c := range row {
		row[c] = math.Exp(row[c] - top)
		sum += row[c]
	}
	for c := range row {
		row[c] /= sum
	}
	return -math.Log(max(row[y], 1e-300))
}

// model folds the standardisation into the weights.
func (p *logisticProblem) model(theta []float64) *Logistic {
	nw := p.x.Cols * p.classes
	if p.basis.Cols > 0 {
		w := general(p.classes, p.features)
		blas64.Gemm(blas.NoTrans, blas.Trans, 1, p.weights(theta), p.basis, 0, w)
		theta = append(w.Data, theta[nw:]...)
		nw = p.features * p.classes
	}
	m := &Logistic{
		Features: p.features, Classes: p.classes, L2: p.l2,
		Weights: make([]float64, nw), Bias: append([]float64(nil), theta[nw:]...),
	}
	for f := range p.features {
		for c := range p.classes {
			w := theta[c*p.features+f] / p.scale[f]
			m.Weights[f*p.classes+c] = w
			m.Bias[c] -= w * p.mean[f]
		}
	}
	return m
}
