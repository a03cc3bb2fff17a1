package main

import (
	"math"
	"slices"
)

// summary describes the samples of several rounds.
type summary struct {
	N                 int
	Median, Q1, Q3    float64
	Smallest, Largest float64
}

// summarise returns NaNs where there is nothing to summarise.
func summarise(samples []float64) summary {
	return summary{
		N: len(samples), Median: quantile(samples, 0.5), Q1: quantile(samples, 0.25), Q3: quantile(samples, 0.75),
		Smallest: quantile(samples, 0), Largest: quantile(samples, 1),
	}
}

// quantile interpolates between the two samples that are next to it, as NumPy does.
func quantile(samples []float64, share float64) float64 {
	if len(samples) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(samples))
	at := share * float64(len(sorted)-1)
	below := int(at)
	if below == len(sorted)-1 {
		return sorted[below]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

// ratios says for each round how many times better ours was than theirs: what a
// machine does at that moment falls on both. Rounds that one of them lacks are
// left out.
func ratios(ours, theirs []float64, better direction) []float64 {
	var all []float64
	for i := range min(len(ours), len(theirs)) {
		if better == more {
			all = append(all, ours[i]/theirs[i])
		} else {
			all = append(all, theirs[i]/ours[i])
		}
	}
	return all
}
