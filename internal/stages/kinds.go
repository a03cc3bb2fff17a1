// Package stages holds the kinds of stage that a pipeline can declare. Each file
// has, in this order, the kind, its configuration, and the function that runs a
// unit of it.
//
// A stage reads its inputs from read-only artifacts, works in the private folder
// that it is given, and leaves what it hands on under out/ there; it neither
// parses HCL, nor prints, nor knows when or how often it is run.
//
// To add a kind, write one file and add its line to Kinds.
package stages

import "sslpipe/internal/plan"

// Kinds lists the kinds of stage, in the order in which a pipeline uses them.
var Kinds = []plan.Kind{
	download,
	augment,
	pretrain,
	finetune,
	evaluate,
}
