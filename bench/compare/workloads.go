package main

import "context"

// workload is something that people wait for, done by us and by what they would use
// instead.
type workload struct {
	Name string // what --only matches
	Doc  string
	Run  func(ctx context.Context, l *lab) ([]result, error)
}

// workloads is the list of what is measured, in the order of the report.
var workloads = []workload{
	step,
	transformerStep,
	simclrEpoch,
	rotationEpoch,
	workersEpoch,
	probe,
	neighbours,
	inference,
	decode,
	augmentation,
	language,
	firstStep,
	memory,
	attentionMemory,
	outside,
	roofline,
}
