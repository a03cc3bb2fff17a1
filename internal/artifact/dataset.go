package artifact

import "encoding/json"

// DatasetMeta describes a prepared data set, or one split of it.
type DatasetMeta struct {
	Name    string         `json:"name"`
	Shape   [3]int         `json:"shape"`           // height, width, channels of an image
	Classes []string       `json:"classes"`         // in label order
	Splits  map[string]int `json:"splits"`          // number of images in each split
	Split   string         `json:"split,omitempty"` // the split that this output stands for
	// Mean and Std are of pixel/255, one number a channel, over the unlabelled
	// images.
	Mean    []float64 `json:"mean"`
	Std     []float64 `json:"std"`
	License string    `json:"license,omitempty"`
	Source  string    `json:"source,omitempty"` // where the images came from
}

// ViewsMeta describes how views are drawn from a data set's images.
type ViewsMeta struct {
	Dataset DatasetMeta `json:"dataset"`
	// DatasetDigest names the data set's folder; see [Handle.Object].
	DatasetDigest string      `json:"dataset_digest"`
	Transforms    []Transform `json:"transforms"` // in the order in which they apply
}

// Transform is one transformation with its decoded configuration.
type Transform struct {
	Name    string          `json:"name"`
	Version int             `json:"version"`
	Config  json.RawMessage `json:"config"`
}
