package pretext

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"sslpipe/internal/nn"
	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// goldenTensor is a tensor of losses.json.
type goldenTensor struct {
	Dims   []int
	Values []float32
}

// goldenLoss is a case of losses.json: a loss of given inputs and its gradients,
// which testdata/make_losses_golden.py computed.
type goldenLoss struct {
	Loss      string
	Inputs    map[string]goldenTensor
	Settings  map[string]float64
	Want      goldenTensor
	Weights   goldenTensor
	Gradients map[string]goldenTensor
}

// goldenLosses builds what the cases name.
var goldenLosses = map[string]func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output{
	"nt_xent": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return NTXent(g, in["z1"], in["z2"], s["temperature"])
	},
	"info_nce": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return InfoNCE(g, in["q"], in["k"], in["queue"], s["temperature"])
	},
	"regression": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		return Regression(g, in["p"], in["target"])
	},
	"negative_cosine": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		return negativeCosine(g, in["p"], in["z"])
	},
	"cross_correlation": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return CrossCorrelation(g, in["z1"], in["z2"], s["lam"])
	},
	"invariance": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		term, _, _ := VarianceTerms(g, in["z1"], in["z2"])
		return term
	},
	"variance": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		_, term, _ := VarianceTerms(g, in["z1"], in["z2"])
		return term
	},
	"covariance": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		_, _, term := VarianceTerms(g, in["z1"], in["z2"])
		return term
	},
	"assignments": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return Assignments(g, in["scores"], s["epsilon"], int(s["iterations"]))
	},
	"swapped": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return Swapped(g, in["s1"], in["s2"], s["temperature"], s["epsilon"], int(s["iterations"]))
	},
	"hidden_error": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		return hiddenError(g, in["predicted"], in["target"], in["visible"])
	},
	"normalised_units": func(g *tf.Graph, in map[string]tf.Output, s map[string]float64) tf.Output {
		return normalisedUnits(g, in["images"], int(s["side"]))
	},
	"hole_error": func(g *tf.Graph, in map[string]tf.Output, _ map[string]float64) tf.Output {
		return holeError(g, in["predicted"], in["target"], in["hole"])
	},
}

// fedTensor is a tensor of these values.
func fedTensor(t *testing.T, values []float32, dims ...int) *tf.Tensor {
	t.Helper()
	x, err := tf.FromFloat32s(values, dims...)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// nearAll fails unless all values are as wanted, to that part of the largest.
func nearAll(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(float64(v)))
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i]-v)) <= tolerance*largest) {
			t.Fatalf("%s[%d] = %v, want %v\ngot  %v\nwant %v", what, i, got[i], v, got, want)
		}
	}
}

func TestLossesAndGradientsAreThoseOfThePapers(t *testing.T) {
	tftest.Load(t)
	raw, err := os.ReadFile("testdata/losses.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []goldenLoss
	if err := json.Unmarshal(raw, &cases); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.Loss] = true
		t.Run(c.Loss, func(t *testing.T) {
			g := tf.NewGraph()
			in, feeds := map[string]tf.Output{}, map[tf.Output]*tf.Tensor{}
			for name, x := range c.Inputs {
				in[name] = g.Placeholder(name, tf.Float32, x.Dims...)
				feeds[in[name]] = fedTensor(t, x.Values, x.Dims...)
			}
			loss := goldenLosses[c.Loss](g, in, c.Settings)
			names, xs := []string{}, []tf.Output{}
			for name := range c.Gradients {
				names, xs = append(names, name), append(xs, in[name])
			}
			fetches := []tf.Output{loss}
			if len(xs) > 0 {
				weighted := g.Mul(loss, g.Reshape(g.Const(c.Weights.Values), c.Weights.Dims...))
				fetches = append(fetches, g.Gradients(weighted, xs)...)
			}
			out, err := tftest.Session(t, g).Run(feeds, fetches)
			if err != nil {
				t.Fatal(err)
			}
			nearAll(t, "value", out[0].Float32s(), c.Want.Values, 1e-5)
			for i, name := range names {
				nearAll(t, "gradient of "+name, out[1+i].Float32s(), c.Gradients[name].Values, 5e-5)
			}
		})
	}
	for name := range goldenLosses {
		if !seen[name] {
			t.Errorf("losses.json has no case of %s", name)
		}
	}
}

// Targets get exactly no gradient: there is no path to them.
func TestNoGradientFlowsIntoTargets(t *testing.T) {
	tftest.Load(t)
	fixed := [][]float32{{1, 2, -1}, {0.5, -1, 3}}
	for name, loss := range map[string]func(g *tf.Graph, x tf.Output) tf.Output{
		"regression":  func(g *tf.Graph, x tf.Output) tf.Output { return Regression(g, g.Const(fixed), x) },
		"assignments": func(g *tf.Graph, x tf.Output) tf.Output { return g.Mul(Assignments(g, x, 0.5, 3), g.Const(fixed)) },
		"cross-entropy with assignments": func(g *tf.Graph, x tf.Output) tf.Output {
			return nn.SoftCrossEntropy(g, g.Const(fixed), Assignments(g, x, 0.5, 3))
		},
	} {
		g := tf.NewGraph()
		x := g.Placeholder("x", tf.Float32, 2, 3)
		y := loss(g, x)
		if err := g.Err(); err != nil {
			t.Fatal(err)
		}
		g.Gradients(y, []tf.Output{x})
		err := g.Err()
		if err == nil || !strings.Contains(err.Error(), "no gradient flows") && !strings.Contains(err.Error(), "Cannot compute the partial derivative") {
			t.Errorf("%s: a gradient flows into the target (error %v)", name, err)
		}
	}
}

// Many iterations make clusters of equal size, whatever the scores.
func TestAssignmentsFillClustersEvenly(t *testing.T) {
	tftest.Load(t)
	g := tf.NewGraph()
	const n, k = 6, 4
	scores := make([]float32, n*k)
	for i := range scores {
		scores[i] = float32(math.Sin(float64(i * i)))
		if i%k == 0 {
			scores[i] = 0.9 // all like the first cluster best
		}
	}
	q := Assignments(g, g.Reshape(g.Const(scores), n, k), 0.2, 200)
	out := tftest.Eval(t, g, g.Sum(q, false, 1), g.Sum(q, false, 0), g.Min(q, false))
	nearAll(t, "rows", out[0], []float32{1, 1, 1, 1, 1, 1}, 1e-5)
	nearAll(t, "clusters", out[1], []float32{1.5, 1.5, 1.5, 1.5}, 1e-3)
	if out[2][0] < 0 {
		t.Errorf("an assignment is %v", out[2][0])
	}
}
