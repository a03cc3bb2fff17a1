// Package metrics turns predictions into scores, scores of many runs into
// summaries, and summaries into a comparison of arms that a reader can trust.
//
// It refuses to hide what the numbers cannot carry: a difference has its
// interval and its test or says why it has none, runs that share one
// pre-training are not counted as independent, absent cells are marked, and
// what a reader must know arrives as a [Warning] beside the numbers. It knows
// nothing of files, plans or terminals, and prints nothing.
//
// A score of predictions is an entry of [Metrics] that [Score] fills in, a test or
// an interval a file of its own; [Compare] puts them together.
package metrics

// A Record holds the scores of one run: one arm at one label budget with one
// seed.
type Record struct {
	Arm string `json:"arm"`
	// Labels is the number of labels per class; 0 stands for all labels.
	Labels int `json:"labels"`
	// Seed pairs the arms: runs with the same labels and seed saw the same
	// labelled images.
	Seed int `json:"seed"`
	// Group names the random thing that several seeds of one arm share,
	// normally the pre-training whose encoder the run started from. Runs of one
	// arm with the same non-empty Group are not independent. Empty means that
	// the run shares nothing.
	Group string `json:"group,omitempty"`
	// Values maps the name of one of [Metrics] to the score.
	Values map[string]float64 `json:"values"`
	// Right says of each test example, in one order for all records, whether
	// the run has it right; nil where that is not known.
	Right []bool `json:"-"`
}
