package view

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"sslpipe/internal/metrics"
	"sslpipe/internal/report"
)

// madeNames are the names in a made-up report.
type madeNames struct {
	evaluation, pipeline string
	arms                 []string // the baseline first
	sets                 []string
	classes              []string
}

var plainNames = madeNames{
	evaluation: "report", pipeline: "rotation",
	arms:    []string{"scratch", "pixels", "ssl_linear", "ssl_full"},
	sets:    []string{"fashion-mnist-mini", "fashion-mnist-noisy"},
	classes: []string{"T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"},
}

// hostile text tries to end whatever it is put into.
const hostile = `</script><img src=x onerror=alert(1)>`

var hostileNames = madeNames{
	evaluation: "../../" + hostile, pipeline: `\end{table} & # $ % _ ^ ~ {` + hostile,
	arms:    []string{"[scratch] | `x`", `a"b'c\input{x}`, "*" + hostile, "ssl ± ]]> --x -- {{.}} %s"},
	sets:    []string{hostile + " & co", "b_2^3~4$5#6%7"},
	classes: []string{hostile, "<!--", "]]>", "a&amp;b", `"quoted"`, "${x}", "{{7*7}}", "\u2028line", "long " + longName, "x"},
}

const longName = "name of a class that is far longer than any axis of a chart has room for"

var (
	madeBudgets = []int{5, 20, 100}
	madeStarted = time.Date(2026, 11, 25, 14, 30, 0, 0, time.UTC)
)

const (
	madeSeeds  = 6
	madeImages = 3000
	madePoints = 200
	madeSide   = 28
)

// made is a report with everything that a report can have, the same every time.
func made(names madeNames) *report.Report {
	random := rand.New(rand.NewPCG(2026, 11))
	r := &report.Report{
		Version: report.Version, Run: "20261125-143000-rotation", Started: madeStarted,
		Pipeline: report.Pipeline{
			Name: names.pipeline, Path: "pipelines/rotation.hcl",
			Description: "Does predicting rotations help when labels are few?",
			Source:      "# Rotation prediction\npipeline {\n  seeds = var.seeds # " + names.classes[0] + "\n}\n",
			Variables:   map[string]string{"epochs": "4", "labels": "[5, 20, 100]"},
		},
		Environment: report.Environment{Program: "sslpipe v0.2.0", Runtime: "TensorFlow 2.18.0, CPU, AVX512_FMA", Processor: "Intel Xeon Platinum 8481C",
			Cores: 2, MemoryGiB: 7.8, System: "linux/amd64", GoVersion: "go1.26.8"},
		Commands: []string{"git checkout b051f6c", "./sslpipe run pipelines/rotation.hcl --var epochs=4"},
	}
	e := report.Evaluation{Name: names.evaluation, Baseline: names.arms[0], Arms: madeArms(names.arms)}
	for i := range names.sets {
		e.Sets = append(e.Sets, madeSet(random, names, i))
		e.Leaks = append(e.Leaks,
			report.Leak{Part: "pre-training (unlabelled of download.images)", Set: names.sets[i], Exact: 3 * i, Near: 11 * i, Of: 11500},
			report.Leak{Part: "training (train of download.images)", Set: names.sets[i], Of: 1000})
	}
	e.Parts = []report.Part{
		{Purpose: "pre-training", Name: "fashion-mnist-mini", Split: "unlabelled", Images: 11500, Digest: fmt.Sprintf("%064x", uint64(1)<<60)},
		{Purpose: "training", Name: "fashion-mnist-mini", Split: "train", Images: 1000, Digest: fmt.Sprintf("%064x", uint64(1)<<61)},
	}
	e.Trainings = madeTrainings(random, names.arms)
	r.Evaluations = []report.Evaluation{e}
	r.Pretrainings = madePretrainings(random)
	return r
}

func madeArms(names []string) []report.Arm {
	texts := []string{
		"whole network, trained until validation accuracy stopped rising; random initial weights", "logistic regression on raw pixels",
		"logistic regression on frozen features", "whole network; initial weights from rotation",
	}
	arms := make([]report.Arm, len(names))
	for i, name := range names {
		arms[i] = report.Arm{Name: name, Text: texts[i], Cost: report.Cost{Images: 31488, FLOPs: 4.21e11, Seconds: 38.2}}
		if i == 1 {
			arms[i].Cost = report.Cost{Images: 1000 * 240, FLOPs: 3.8e9, Seconds: 1.4}
		}
		if i >= 2 {
			arms[i].Cost.PretrainImages, arms[i].Cost.PretrainFLOPs, arms[i].Cost.PretrainSeconds = 183808, 2.37e12, 71.6
		}
	}
	arms[2].Cost.FLOPs, arms[2].Cost.Seconds = 2.1e10, 3.3
	return arms
}

// madeScore is the accuracy of one run: noise of the label draw that all arms
// share, of the pre-training, and of the run.
func madeScore(random *rand.Rand, arm, budget, set int, draw, pretraining float64) float64 {
	curves := [][]float64{{0.623, 0.71, 0.802}, {0.612, 0.731, 0.771}, {0.612, 0.675, 0.718}, {0.663, 0.733, 0.808}}
	score := curves[arm][budget] - 0.08*float64(set) + 0.012*draw + 0.008*random.NormFloat64()
	if arm >= 2 {
		score += 0.008 * pretraining
	}
	return math.Round(score*madeImages) / madeImages
}

func madeSet(random *rand.Rand, names madeNames, which int) report.TestSet {
	set := report.TestSet{Name: names.sets[which], Digest: fmt.Sprintf("%064x", 0x9e3779b97f4a7c15*uint64(which+1)), Images: madeImages, Classes: names.classes}
	var records []metrics.Record
	pretrainings := []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64()}
	for b, labels := range madeBudgets {
		for seed := range madeSeeds {
			draw := random.NormFloat64()
			for a, arm := range names.arms {
				record := madeRecord(random, madeScore(random, a, b, which, draw, pretrainings[seed%3]))
				record.Arm, record.Labels, record.Seed = arm, labels, seed
				if a >= 2 {
					record.Group = fmt.Sprintf("pretrain.rotation[seed=%d]", seed%3)
				}
				records = append(records, record)
			}
		}
	}
	options := metrics.Options{Baseline: names.arms[0], Arms: names.arms, TestImages: madeImages,
		Protocol: []string{
			fmt.Sprintf("data: %s, 28x28x1 pixels, 10 classes; 3000 test images, read only here", names.sets[which]),
			"network: mobilenet_v2 (alpha 0.35)",
			"selection: when to stop, which weights, layer and penalty are chosen by accuracy on 500 validation images, which no arm trains on",
		}}
	for _, m := range metrics.Metrics {
		options.Metric = m.Name
		set.Comparisons = append(set.Comparisons, metrics.Compare(records, options))
	}
	options.Metric = metrics.Accuracy
	set.Efficiency = metrics.LabelEfficiency(records, options)
	for _, r := range records {
		set.Runs = append(set.Runs, report.Run{Arm: r.Arm, Labels: r.Labels, Seed: r.Seed, Group: r.Group, Values: r.Values, Right: rightText(r.Right)})
	}
	for a, arm := range names.arms {
		for b, labels := range madeBudgets {
			set.Details = append(set.Details, madeDetail(random, arm, labels, 0.62+0.03*float64(a)+0.06*float64(b)))
		}
	}
	if which == 0 {
		set.Pictures = &report.Pictures{File: "pictures.png", Width: madeSide, Height: madeSide, Columns: 20, Count: madePoints}
		for a, arm := range names.arms {
			set.Embeddings = append(set.Embeddings, madeEmbedding(random, arm, 0.6+0.5*float64(a)))
		}
	}
	return set
}

func madeRecord(random *rand.Rand, accuracy float64) metrics.Record {
	right := make([]bool, madeImages)
	for i := range right {
		right[i] = i < int(math.Round(accuracy*madeImages))
	}
	random.Shuffle(len(right), func(i, j int) { right[i], right[j] = right[j], right[i] })
	return metrics.Record{Right: right, Values: map[string]float64{
		metrics.Accuracy: accuracy, metrics.BalancedAccuracy: accuracy, metrics.MacroF1: accuracy - 0.012,
		metrics.ROCAUC: 0.5 + accuracy*0.55, metrics.AveragePrecision: accuracy + 0.04,
		metrics.LogLoss: 2.1 - 1.9*accuracy, metrics.Brier: 0.95 - 0.8*accuracy, metrics.ECE: 0.19 - 0.2*accuracy,
	}}
}

func rightText(right []bool) string {
	text := make([]byte, len(right))
	for i, r := range right {
		text[i] = '0'
		if r {
			text[i] = '1'
		}
	}
	return string(text)
}

func madeDetail(random *rand.Rand, arm string, labels int, accuracy float64) report.Detail {
	const classes, each = 10, madeImages / 10 * madeSeeds
	d := report.Detail{Arm: arm, Labels: labels}
	for t := range classes {
		row := make([]int, classes)
		right := min(0.99, max(0.2, accuracy+0.12*random.NormFloat64()))
		row[t] = int(right * each)
		for left := each - row[t]; left > 0; left-- {
			// Neighbouring classes are confused most.
			p := (t + 1 + int(math.Abs(2*random.NormFloat64()))) % classes
			if p == t {
				p = (t + 1) % classes
			}
			row[p]++
		}
		d.Confusion = append(d.Confusion, row)
		d.Recall = append(d.Recall, metrics.Summary{N: madeSeeds, Mean: float64(row[t]) / each, SD: 0.02 + 0.02*random.Float64()})
	}
	for i := range 15 {
		b := metrics.Bin{Lo: float64(i) / 15, Hi: float64(i+1) / 15}
		if i >= 2 {
			b.Count = 100 + i*i*70
			b.Confidence = (b.Lo + b.Hi) / 2
			b.Accuracy = max(0, min(1, b.Confidence*0.86+0.02*random.NormFloat64()))
		}
		d.Bins = append(d.Bins, b)
	}
	for i := range 12 {
		truth := random.IntN(classes)
		d.Mistakes = append(d.Mistakes, report.Mistake{Picture: random.IntN(madePoints), Truth: truth,
			Predicted: (truth + 1 + random.IntN(classes-1)) % classes, Probability: 0.999 - 0.004*float64(i)})
	}
	return d
}

func madeEmbedding(random *rand.Rand, arm string, apart float64) report.Embedding {
	e := report.Embedding{Arm: arm}
	for i := range madePoints {
		class := i % 10
		angle := 2 * math.Pi * float64(class) / 10
		e.Points = append(e.Points, report.Point{Picture: i, Class: class,
			PCA:  [2]float64{apart*math.Cos(angle) + 0.5*random.NormFloat64(), apart*math.Sin(angle) + 0.5*random.NormFloat64()},
			TSNE: [2]float64{9*apart*math.Cos(2*angle) + 2*random.NormFloat64(), 9*apart*math.Sin(angle) + 2*random.NormFloat64()}})
	}
	for i := range 8 {
		n := report.Neighbours{Of: i * 11}
		for k := range 8 {
			step := 10 * (k + 1)
			if random.Float64() > 0.5+0.2*apart {
				step++
			}
			n.Nearest = append(n.Nearest, (i*11+step)%madePoints)
		}
		e.Neighbours = append(e.Neighbours, n)
	}
	return e
}

func madeTrainings(random *rand.Rand, arms []string) []report.Training {
	var all []report.Training
	for _, a := range []int{0, 3} {
		for b, labels := range madeBudgets {
			for seed := range madeSeeds {
				t := report.Training{Arm: arms[a], Labels: labels, Seed: seed}
				top, best := 0.62+0.02*float64(a)+0.07*float64(b), 0.0
				for step := 40; step <= 480+80*(seed%3); step += 40 {
					accuracy := top*(1-math.Exp(-float64(step)/(120-15*float64(a)))) + 0.012*random.NormFloat64()
					accuracy = math.Round(accuracy*500) / 500
					t.Curve = append(t.Curve, [2]float64{float64(step), accuracy})
					if accuracy > best {
						best, t.Best = accuracy, step
					}
				}
				all = append(all, t)
			}
		}
	}
	return all
}

func madePretrainings(random *rand.Rand) []report.Pretraining {
	var all []report.Pretraining
	for s, stage := range []string{"rotation", "simclr_rotation"} {
		for seed := range 3 {
			p := report.Pretraining{Unit: fmt.Sprintf("pretrain.%s[seed=%d]", stage, seed), Stage: stage, Task: []string{"rotation", "simclr + rotation"}[s], Seed: seed, Seconds: 71.6 + 60*float64(s) + float64(seed)}
			for epoch := 1; epoch <= 8; epoch++ {
				fall := math.Exp(-float64(epoch) / 3)
				values := map[string]float64{"loss": 0.3 + (1.1+2*float64(s))*fall + 0.03*random.NormFloat64(), "rank": 12 + 8*(1-fall) + random.NormFloat64(), "spread": 0.9 - 0.1*fall}
				if s == 0 {
					values["accuracy"] = 0.93 - 0.6*fall + 0.01*random.NormFloat64()
				}
				p.Epochs = append(p.Epochs, report.Epoch{Epoch: epoch, Step: 180 * epoch, Values: values})
			}
			all = append(all, p)
		}
	}
	return all
}

// madePictures is a sprite in which every class has a shape of its own.
func madePictures(t *testing.T) []byte {
	t.Helper()
	const columns = 20
	sprite := image.NewGray(image.Rect(0, 0, columns*madeSide, madePoints/columns*madeSide))
	random := rand.New(rand.NewPCG(5, 5))
	for i := range madePoints {
		left, top := i%columns*madeSide, i/columns*madeSide
		class, shift := i%10, random.Float64()
		for y := range madeSide {
			for x := range madeSide {
				u, v := float64(x)/madeSide-0.5, float64(y)/madeSide-0.5
				radius, angle := math.Hypot(u, v), math.Atan2(v, u)
				edge := 0.32 + 0.12*math.Cos(float64(class+1)*angle+shift)
				if radius < edge {
					sprite.SetGray(left+x, top+y, color.Gray{Y: uint8(90 + 160*(1-radius/edge))})
				}
			}
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, sprite); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// compared has every metric of arms that differ by a point each.
func compared(arms []string, budgets []int, seeds int) []*metrics.Comparison {
	random := rand.New(rand.NewPCG(9, 9))
	var records []metrics.Record
	for b, labels := range budgets {
		for seed := range seeds {
			for a, arm := range arms {
				record := madeRecord(random, 0.6+0.01*float64(a)+0.1*float64(b)+0.01*random.NormFloat64())
				record.Arm, record.Labels, record.Seed = arm, labels, seed
				records = append(records, record)
			}
		}
	}
	var all []*metrics.Comparison
	for _, m := range metrics.Metrics {
		all = append(all, metrics.Compare(records, metrics.Options{Baseline: arms[0], Arms: arms, Metric: m.Name, TestImages: madeImages}))
	}
	return all
}
