package metrics

import (
	"fmt"
	"slices"
)

// Confusion counts predictions: Confusion[t][p] examples of class t were
// predicted as class p.
type Confusion [][]int

// NewConfusion counts the pairs of true and predicted class indices, each in
// [0, classes).
func NewConfusion(truth, predicted []int32, classes int) (Confusion, error) {
	if len(truth) != len(predicted) {
		return nil, fmt.Errorf("%d labels but %d predictions", len(truth), len(predicted))
	}
	if len(truth) == 0 {
		return nil, fmt.Errorf("no predictions to score")
	}
	if classes < 1 {
		return nil, fmt.Errorf("cannot score predictions among %d classes", classes)
	}
	c := make(Confusion, classes)
	for i := range c {
		c[i] = make([]int, classes)
	}
	for i, t := range truth {
		p := predicted[i]
		if t < 0 || int(t) >= classes || p < 0 || int(p) >= classes {
			return nil, fmt.Errorf("example %d: label %d and prediction %d must lie in [0, %d)", i, t, p, classes)
		}
		c[t][p]++
	}
	return c, nil
}

// Total is the number of examples counted.
func (c Confusion) Total() int {
	total := 0
	for _, row := range c {
		for _, k := range row {
			total += k
		}
	}
	return total
}

// Correct is the number of examples on the diagonal.
func (c Confusion) Correct() int {
	correct := 0
	for i := range c {
		correct += c[i][i]
	}
	return correct
}

// Accuracy is the fraction of examples predicted correctly; 0 for an empty
// matrix.
func (c Confusion) Accuracy() float64 {
	if total := c.Total(); total > 0 {
		return float64(c.Correct()) / float64(total)
	}
	return 0
}

// MacroF1 is the unweighted mean over classes of 2TP / (2TP + FP + FN). Classes
// that occur neither among the labels nor among the predictions have no F1 and
// are left out, as in scikit-learn's f1_score(average="macro").
func (c Confusion) MacroF1() float64 {
	sum, classes := 0.0, 0
	for k := range c {
		wrong := 0
		for j := range c {
			if j != k {
				wrong += c[k][j] + c[j][k]
			}
		}
		if denominator := 2*c[k][k] + wrong; denominator > 0 {
			sum += float64(2*c[k][k]) / float64(denominator)
			classes++
		}
	}
	if classes == 0 {
		return 0
	}
	return sum / float64(classes)
}

// Recall is the fraction of each class's examples that is predicted correctly; 0,
// which says nothing, for a class without examples.
func (c Confusion) Recall() []float64 {
	recall := make([]float64, len(c))
	for k := range c {
		if n := c.examples(k); n > 0 {
			recall[k] = float64(c[k][k]) / float64(n)
		}
	}
	return recall
}

// BalancedAccuracy is the unweighted mean of the recalls of the classes that
// have examples; 0 for an empty matrix.
func (c Confusion) BalancedAccuracy() float64 {
	sum, classes := 0.0, 0
	for k, recall := range c.Recall() {
		if c.examples(k) > 0 {
			sum += recall
			classes++
		}
	}
	if classes == 0 {
		return 0
	}
	return sum / float64(classes)
}

func (c Confusion) examples(class int) int {
	n := 0
	for _, k := range c[class] {
		n += k
	}
	return n
}

// Add returns the counts of both matrices, which have the same classes. A nil
// matrix counts nothing.
func (c Confusion) Add(other Confusion) Confusion {
	if c == nil {
		c, other = other, nil
	}
	sum := make(Confusion, len(c))
	for t := range c {
		sum[t] = slices.Clone(c[t])
	}
	for t, row := range other {
		for p, k := range row {
			sum[t][p] += k
		}
	}
	return sum
}
