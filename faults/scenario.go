package main

import "context"

// Scenario is one kind of fault.
type Scenario struct {
	Name string // "kill"
	Doc  string // a sentence
	Long bool   // takes minutes even once: it is not in the short form
	// Run injects the faults and tells the tally what became of each. An error
	// says that the scenario could not be carried out at all.
	Run func(ctx context.Context, lab *Lab, tally *Tally) error
}

// scenarios are the kinds of fault, in the order in which they are tried.
var scenarios = []Scenario{
	kill,
	crash,
	power,
	writes,
	diskFull,
	network,
	bits,
	signals,
	twice,
	nodes,
	garbage,
	clock,
	readonly,
	vanish,
	memory,
}
