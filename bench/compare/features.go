package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"sslpipe/internal/train"
)

var probe = workload{
	Name: "probe",
	Doc:  "a linear probe on cached features: L-BFGS with four penalties, the best by validation",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return l.classify(ctx, "probe") },
}

var neighbours = workload{
	Name: "knn",
	Doc:  "weighted kNN on cached features: cosine, k = 200, T = 0.1",
	Run:  func(ctx context.Context, l *lab) ([]result, error) { return l.classify(ctx, "knn") },
}

// So many features are fitted to, and so many more validated with.
const (
	fitted    = 5_000
	validated = 1_000
	width     = 1280
)

// classify races what learns from features.
func (l *lab) classify(ctx context.Context, method string) ([]result, error) {
	features, err := l.features()
	if err != nil {
		return nil, err
	}
	params := map[string]any{"method": method, "features": features, "width": width, "examples": fitted}
	return race{
		workload: method, unit: "s", seconds: true,
		contenders: []contender{
			{Name: "sslpipe", Start: l.ours(), Work: "classify"},
			{Name: "PyTorch", Start: l.python(torchVenv, "torch_features.py"), Params: map[string]any{"threads": l.threads}},
		},
		scenarios: []scenario{{Name: fmt.Sprintf("%d images of %d features, %d to validate", fitted, width, validated), Params: params}},
	}.run(ctx, l)
}

const (
	featuresFile = "features.f32"
	labelsFile   = "labels.i32"
)

// features is a folder of features and labels, made when it is first asked for.
func (l *lab) features() (string, error) {
	dir := filepath.Join(l.dir, "features")
	if _, err := os.Stat(filepath.Join(dir, labelsFile)); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	x, y := drawFeatures(fitted + validated)
	err := writeNumbers(filepath.Join(dir, featuresFile), x)
	return dir, errors.Join(err, writeNumbers(filepath.Join(dir, labelsFile), y))
}

// The features have so many factors, each less important than the one before it,
// as those of a trained encoder.
const factors = 100

// drawFeatures draws features that are not negative and that depend on each other.
// The classes lie at random places among the factors, close enough for mistakes.
func drawFeatures(count int) (x []float32, y []int32) {
	random := rand.New(rand.NewPCG(1, 2))
	loadings, centres := normal(random, factors*width), normal(random, classCount*factors)
	x, y = make([]float32, 0, count*width), make([]int32, count)
	for i := range y {
		y[i] = int32(random.IntN(classCount))
		z := normal(random, factors)
		for k := range z {
			z[k] = (z[k] + 0.4*centres[int(y[i])*factors+k]) / math.Sqrt(float64(1+k))
		}
		for j := range width {
			value := 0.1 * random.NormFloat64()
			for k := range z {
				value += z[k] * loadings[k*width+j]
			}
			x = append(x, float32(max(0, value)))
		}
	}
	return x, y
}

func normal(random *rand.Rand, n int) []float64 {
	drawn := make([]float64, n)
	for i := range drawn {
		drawn[i] = random.NormFloat64()
	}
	return drawn
}

// oursClassify fits and validates what a finetune stage does in its modes linear
// and knn.
func oursClassify(p params) (work, error) {
	x, err := readNumbers[float32](filepath.Join(p.Features, featuresFile))
	if err != nil {
		return nil, err
	}
	y, err := readNumbers[int32](filepath.Join(p.Features, labelsFile))
	if err != nil {
		return nil, err
	}
	training := train.Examples{X: x[:p.Examples*p.Width], Y: y[:p.Examples]}
	validation := train.Examples{X: x[p.Examples*p.Width:], Y: y[p.Examples:]}
	return func(n int) (reply, error) {
		began := time.Now()
		var accuracy float64
		for range n {
			if p.Method == "knn" {
				if accuracy, err = train.NewNeighbours(training, p.Width, classCount, 200, 0.1).Accuracy(validation); err != nil {
					return reply{}, err
				}
				continue
			}
			m, err := train.FitLogistic(training, validation, p.Width, classCount)
			if err != nil {
				return reply{}, err
			}
			accuracy = m.Validation
		}
		note := fmt.Sprintf("accuracy %.1f %%", 100*accuracy)
		return reply{Seconds: time.Since(began).Seconds(), Items: float64(n), Note: note}, nil
	}, nil
}

// classCount is that of CIFAR-10, and of what is drawn.
const classCount = 10
