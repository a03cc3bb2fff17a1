package metrics

import (
	"cmp"
	"slices"
)

// ranking returns the area under the ROC curve and the average precision: of two
// classes those of class 1, of more the mean over classes, each against the
// rest. A class without examples, or with all of them, ranks nothing and is left
// out of the mean; ok is false where no class is left.
func ranking(truth []int32, probabilities []float32, classes int) (auc, precision float64, ok bool) {
	first := 0
	if classes == 2 {
		first = 1
	}
	ranked := 0
	for k := first; k < classes; k++ {
		a, p, ok := rankingOf(k, truth, probabilities, classes)
		if ok {
			auc += a
			precision += p
			ranked++
		}
	}
	if ranked == 0 {
		return 0, 0, false
	}
	return auc / float64(ranked), precision / float64(ranked), true
}

// rankingOf walks through the examples from the most to the least probable of
// class k. Those of equal probability enter together, as in scikit-learn: their
// order among themselves means nothing, so a pair of them counts half in the
// area, and all of them share the precision behind the last.
func rankingOf(k int, truth []int32, probabilities []float32, classes int) (auc, precision float64, ok bool) {
	order := make([]int, len(truth))
	for i := range order {
		order[i] = i
	}
	of := func(i int) float32 { return probabilities[i*classes+k] }
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(of(b), of(a)) })
	positives, negatives := 0.0, 0.0
	for start := 0; start < len(order); {
		hits, misses := 0.0, 0.0
		end := start
		for ; end < len(order) && of(order[end]) == of(order[start]); end++ {
			if int(truth[order[end]]) == k {
				hits++
			} else {
				misses++
			}
		}
		start = end
		auc += misses * (positives + hits/2)
		positives += hits
		negatives += misses
		precision += hits * positives / (positives + negatives)
	}
	if positives == 0 || negatives == 0 {
		return 0, 0, false
	}
	return auc / (positives * negatives), precision / positives, true
}
