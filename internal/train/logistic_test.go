package train

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

type logisticGolden struct {
	Features, Classes int
	X                 []float32
	Y                 []int32
	Solutions         map[string]struct {
		Loss          float64
		Probabilities []float64
	}
}

func readLogisticGolden(t *testing.T) logisticGolden {
	t.Helper()
	text, err := os.ReadFile("testdata/logistic_golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g logisticGolden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func (m *Logistic) probabilities(x []float32) []float64 {
	p := make([]float64, m.Classes)
	sum := 0.0
	for c := range p {
		z := m.Bias[c]
		for f, v := range x {
			z += float64(v) * m.Weights[f*m.Classes+c]
		}
		p[c] = math.Exp(z)
		sum += p[c]
	}
	for c := range p {
		p[c] /= sum
	}
	return p
}

// Each penalty's solution must be the one that SciPy finds.
func TestLogisticAgreesWithSciPy(t *testing.T) {
	g := readLogisticGolden(t)
	for text, l2 := range map[string]float64{"1": 1, "0.1": 0.1, "0.01": 0.01, "0.001": 0.001} {
		p := newLogisticProblem(Examples{g.X, g.Y}, g.Features, g.Classes)
		p.l2 = l2
		theta, err := p.minimise(make([]float64, (g.Features+1)*g.Classes))
		if err != nil {
			t.Fatal(err)
		}
		want := g.Solutions[text]
		if loss := p.evaluate(theta, make([]float64, len(theta))); math.Abs(loss-want.Loss) > 1e-6 {
			t.Errorf("l2 %v: loss %.9f, SciPy has %.9f", l2, loss, want.Loss)
		}
		m := p.model(theta)
		for i := range g.Y {
			got := m.probabilities(g.X[i*g.Features : (i+1)*g.Features])
			for c := range got {
				if w := want.Probabilities[i*g.Classes+c]; math.Abs(got[c]-w) > 2e-3 {
					t.Fatalf("l2 %v, example %d, class %d: probability %.5f, SciPy has %.5f", l2, i, c, got[c], w)
				}
			}
		}
	}
}

func TestLogisticChoosesThePenaltyOnValidation(t *testing.T) {
	g := readLogisticGolden(t)
	all := Examples{g.X, g.Y}
	m, err := FitLogistic(all, all, g.Features, g.Classes)
	if err != nil {
		t.Fatal(err)
	}
	best := 0.0
	for _, l2 := range penalties {
		p := newLogisticProblem(all, g.Features, g.Classes)
		p.l2 = l2
		theta, err := p.minimise(make([]float64, (g.Features+1)*g.Classes))
		if err != nil {
			t.Fatal(err)
		}
		best = max(best, p.model(theta).accuracy(all))
	}
	if m.Validation != best {
		t.Errorf("chosen model scores %v on validation, the best penalty %v", m.Validation, best)
	}
}

func TestLogisticGradient(t *testing.T) {
	g := readLogisticGolden(t)
	p := newLogisticProblem(Examples{g.X, g.Y}, g.Features, g.Classes)
	p.l2 = 0.05
	theta := make([]float64, (g.Features+1)*g.Classes)
	for i := range theta {
		theta[i] = math.Sin(float64(i))
	}
	grad, scratch := make([]float64, len(theta)), make([]float64, len(theta))
	p.evaluate(theta, grad)
	const eps = 1e-6
	for i, v := range theta {
		theta[i] = v + eps
		up := p.evaluate(theta, scratch)
		theta[i] = v - eps
		down := p.evaluate(theta, scratch)
		theta[i] = v
		if numeric := (up - down) / (2 * eps); math.Abs(numeric-grad[i]) > 1e-7 {
			t.Errorf("gradient %d is %v, numerically %v", i, grad[i], numeric)
		}
	}
}

// With fewer examples than features the problem is solved in the space of the
// examples: the loss of its solution must be that of the whole problem, and no
// step in any direction may lower it.
func TestReducedLogisticHasTheSameSolution(t *testing.T) {
	const n, features, classes = 12, 40, 3
	e := Examples{Y: make([]int32, n)}
	for i := range n {
		e.Y[i] = int32(i % classes)
		for f := range features {
			e.X = append(e.X, float32(math.Sin(float64(i*features+f)*1.7)+0.3*float64(i%classes)*math.Cos(float64(f))))
		}
	}
	for _, l2 := range penalties {
		whole, reduced := newLogisticProblem(e, features, classes), newLogisticProblem(e, features, classes)
		if err := reduced.reduce(); err != nil {
			t.Fatal(err)
		}
		if reduced.x.Cols > n {
			t.Fatalf("%d coordinates for %d examples", reduced.x.Cols, n)
		}
		whole.l2, reduced.l2 = l2, l2
		a, err := whole.minimise(make([]float64, (features+1)*classes))
		if err != nil {
			t.Fatal(err)
		}
		b, err := reduced.minimise(make([]float64, (reduced.x.Cols+1)*classes))
		if err != nil {
			t.Fatal(err)
		}
		la, lb := whole.evaluate(a, make([]float64, len(a))), reduced.evaluate(b, make([]float64, len(b)))
		if math.Abs(la-lb) > 1e-6 {
			t.Errorf("l2 %v: loss %.9f whole, %.9f reduced", l2, la, lb)
		}
		ma, mb := whole.model(a), reduced.model(b)
		for i := range n {
			x := e.X[i*features : (i+1)*features]
			pa, pb := ma.probabilities(x), mb.probabilities(x)
			for c := range pa {
				if math.Abs(pa[c]-pb[c]) > 2e-3 {
					t.Fatalf("l2 %v, example %d: probabilities %v whole, %v reduced", l2, i, pa, pb)
				}
			}
		}
	}
}
