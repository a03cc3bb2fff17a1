package main

// direction says which of two measurements is the better one.
type direction string

const (
	more direction = "more"
	less direction = "less"
)

// result is one row of contenders side by side: one case of one workload.
type result struct {
	Workload string    `json:"workload"`
	Case     string    `json:"case"`
	Unit     string    `json:"unit"`
	Better   direction `json:"better"`
	// Rows are by contender; ratios are to the first.
	Rows []row `json:"rows"`
	// Limits tells that the others are not what people would use instead, but what
	// a machine allows: they are not drawn.
	Limits bool   `json:"limits,omitempty"`
	Note   string `json:"note,omitempty"`
}

// row is what one contender came to.
type row struct {
	Contender string    `json:"contender"`
	Samples   []float64 `json:"samples,omitempty"` // one for each round
	Failed    string    `json:"failed,omitempty"`  // why there are none, or no more
	Note      string    `json:"note,omitempty"`
}
