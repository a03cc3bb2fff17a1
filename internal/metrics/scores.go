package metrics

import (
	"fmt"
	"math"
)

// Names of the scores in [Record.Values].
const (
	Accuracy         = "accuracy"
	BalancedAccuracy = "balanced_accuracy"
	MacroF1          = "macro_f1"
	ROCAUC           = "roc_auc"
	AveragePrecision = "average_precision"
	LogLoss          = "log_loss"
	Brier            = "brier"
	ECE              = "ece"
)

// Metric is a score that [Score] computes and [Compare] compares.
type Metric struct {
	Name    string // in [Record.Values]
	Title   string // for a reader
	Percent bool   // a fraction, shown in %
	Lower   bool   // lower is better
}

// Metrics are all scores, in the order in which they are shown.
var Metrics = []Metric{
	{Name: Accuracy, Title: "Accuracy", Percent: true},
	{Name: BalancedAccuracy, Title: "Balanced accuracy", Percent: true},
	{Name: MacroF1, Title: "Macro-F1", Percent: true},
	{Name: ROCAUC, Title: "ROC-AUC", Percent: true},
	{Name: AveragePrecision, Title: "Average precision", Percent: true},
	{Name: LogLoss, Title: "Log-loss", Lower: true},
	{Name: Brier, Title: "Brier score", Lower: true},
	{Name: ECE, Title: "Calibration error", Percent: true, Lower: true},
}

// MetricNamed finds one of [Metrics].
func MetricNamed(name string) (Metric, bool) {
	for _, m := range Metrics {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Scores is all that is measured of one classifier's predictions.
type Scores struct {
	// Values has every one of [Metrics], but for [ROCAUC] and
	// [AveragePrecision] where all examples are of one class: those are
	// undefined there.
	Values    map[string]float64
	Confusion Confusion
	Recall    []float64 // as of [Confusion.Recall]
	Bins      []Bin     // of the reliability diagram
	// Predicted is the most probable class of each example, the first where
	// several are.
	Predicted []int32
}

// Score compares probabilities, one row of classes numbers that add up to 1 for
// each example, with the true class indices. What is wrong with either is an
// error that names the example.
func Score(truth []int32, probabilities []float32, classes int) (*Scores, error) {
	if classes < 1 || len(probabilities) != len(truth)*classes {
		return nil, fmt.Errorf("%d probabilities for %d examples of %d classes", len(probabilities), len(truth), classes)
	}
	if err := checkRows(probabilities, classes); err != nil {
		return nil, err
	}
	s := &Scores{Predicted: mostProbable(probabilities, classes)}
	var err error
	if s.Confusion, err = NewConfusion(truth, s.Predicted, classes); err != nil {
		return nil, err
	}
	s.Recall = s.Confusion.Recall()
	s.Bins = reliability(truth, s.Predicted, probabilities)
	s.Values = map[string]float64{
		Accuracy:         s.Confusion.Accuracy(),
		BalancedAccuracy: s.Confusion.BalancedAccuracy(),
		MacroF1:          s.Confusion.MacroF1(),
		LogLoss:          logLoss(truth, probabilities),
		Brier:            brier(truth, probabilities),
		ECE:              calibrationError(s.Bins),
	}
	if auc, precision, ok := ranking(truth, probabilities, classes); ok {
		s.Values[ROCAUC], s.Values[AveragePrecision] = auc, precision
	}
	return s, nil
}

// sumTolerance is far above what a softmax of float32 leaves and far below what
// logits or unscaled scores give.
const sumTolerance = 1e-3

func checkRows(probabilities []float32, classes int) error {
	for i := range len(probabilities) / classes {
		sum := 0.0
		for k, p := range probabilities[i*classes : (i+1)*classes] {
			if !(p >= 0) { // NaN too
				return fmt.Errorf("example %d: probability %g of class %d", i, p, k)
			}
			sum += float64(p)
		}
		if math.Abs(sum-1) > sumTolerance {
			return fmt.Errorf("example %d: its probabilities add up to %g, not 1", i, sum)
		}
	}
	return nil
}

func mostProbable(probabilities []float32, classes int) []int32 {
	predicted := make([]int32, len(probabilities)/classes)
	for i := range predicted {
		row := probabilities[i*classes : (i+1)*classes]
		for k, p := range row {
			if p > row[predicted[i]] {
				predicted[i] = int32(k)
			}
		}
	}
	return predicted
}
