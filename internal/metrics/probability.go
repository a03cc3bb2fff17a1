package metrics

import (
	"math"
	"slices"
)

// leastProbability is the resolution of float32 at 1, to which scikit-learn's
// log_loss clips probabilities that arrive as float32.
const leastProbability = 1.0 / (1 << 23)

// logLoss is the mean over examples of -log of the true class's probability, in
// nats, summed in float64. Probabilities are clipped to [2^-23, 1-2^-23] as in
// scikit-learn, so that one example costs at most 15.9.
func logLoss(truth []int32, probabilities []float32) float64 {
	classes := len(probabilities) / len(truth)
	sum := 0.0
	for i, t := range truth {
		p := float64(probabilities[i*classes+int(t)])
		sum -= math.Log(min(max(p, leastProbability), 1-leastProbability))
	}
	return sum / float64(len(truth))
}

// brier is the mean over examples of the squared distance between the
// probabilities and the true class's unit vector (Brier, Monthly Weather Review
// 1950): 0 to 2, and of two classes twice what is known as the binary score.
func brier(truth []int32, probabilities []float32) float64 {
	classes := len(probabilities) / len(truth)
	sum := 0.0
	for i, p := range probabilities {
		gap := float64(p)
		if i%classes == int(truth[i/classes]) {
			gap--
		}
		sum += gap * gap
	}
	return sum / float64(len(truth))
}

// binCount is the number of bins of Guo et al.
const binCount = 15

// Bin is one bar of a reliability diagram: predictions whose probability of the
// predicted class lies in (Lo, Hi], the first bin with 0.
type Bin struct {
	Lo         float64 `json:"lo"`
	Hi         float64 `json:"hi"`
	Count      int     `json:"count"`
	Confidence float64 `json:"confidence"` // mean probability of the predicted class; 0 where Count is
	Accuracy   float64 `json:"accuracy"`   // fraction that is right
}

// reliability sorts predictions by their confidence into 15 bins of equal width
// (Guo et al., ICML 2017, arXiv:1706.04599).
func reliability(truth, predicted []int32, probabilities []float32) []Bin {
	classes := len(probabilities) / len(truth)
	bins := make([]Bin, binCount)
	for b := range bins {
		bins[b].Lo, bins[b].Hi = float64(b)/binCount, float64(b+1)/binCount
	}
	for i, t := range truth {
		confidence := float64(probabilities[i*classes+int(predicted[i])])
		b := &bins[min(binCount, max(1, int(math.Ceil(confidence*binCount))))-1]
		b.Count++
		b.Confidence += confidence
		if predicted[i] == t {
			b.Accuracy++
		}
	}
	for b := range bins {
		if n := float64(bins[b].Count); n > 0 {
			bins[b].Confidence /= n
			bins[b].Accuracy /= n
		}
	}
	return bins
}

// calibrationError is the expected calibration error of the predicted class:
// the gap between confidence and accuracy of a bin, averaged over examples.
func calibrationError(bins []Bin) float64 {
	sum, total := 0.0, 0
	for _, b := range bins {
		sum += float64(b.Count) * math.Abs(b.Accuracy-b.Confidence)
		total += b.Count
	}
	return sum / float64(total)
}

// MergeBins pools the predictions behind two lists of the same bins, as those of
// several runs. An empty list adds nothing.
func MergeBins(a, b []Bin) []Bin {
	if len(a) == 0 {
		return slices.Clone(b)
	}
	merged := slices.Clone(a)
	for i, other := range b {
		bin := &merged[i]
		n := bin.Count + other.Count
		if n == 0 {
			continue
		}
		own, add := float64(bin.Count)/float64(n), float64(other.Count)/float64(n)
		bin.Confidence = own*bin.Confidence + add*other.Confidence
		bin.Accuracy = own*bin.Accuracy + add*other.Accuracy
		bin.Count = n
	}
	return merged
}
