package artifact

import "encoding/json"

// DatasetMeta describes a prepared data set, or one split of it.
type DatasetMeta struct {
	Name string `json:"name"`
	// Shape is height, width and channels of an image; of text 1, the number of tokens
	// of a sequence, and 1.
	Shape   [3]int         `json:"shape"`
	Text    *TextMeta      `json:"text,omitempty"`  // nil for images
	Classes []string       `json:"classes"`         // in label order
	Splits  map[string]int `json:"splits"`          // number of images in each split
	Split   string         `json:"split,omitempty"` // the split that this output stands for
	// Mean and Std are of pixel/255, one number a channel, over the unlabelled
	// images; text has none.
	Mean    []float64 `json:"mean"`
	Std     []float64 `json:"std"`
	License string    `json:"license,omitempty"`
	Source  string    `json:"source,omitempty"` // where the images came from
}

// TextMeta describes sequences of tokens: which numbers stand for what.
type TextMeta struct {
	Tokenizer  string `json:"tokenizer"`  // its kind
	Digest     string `json:"digest"`     // of its file, tokenizer.json
	Vocabulary int    `json:"vocabulary"` // tokens are 0 .. Vocabulary-1; 0 is padding
}

// Same tells whether tokens of two texts stand for the same; so do those of no text.
func (t *TextMeta) Same(o *TextMeta) bool {
	return t == o || t != nil && o != nil && *t == *o
}

// Noun is what examples are called where a person reads of several: "texts", or
// "images" of no text. It is said nowhere else.
func (t *TextMeta) Noun() string {
	if t == nil {
		return "images"
	}
	return "texts"
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
