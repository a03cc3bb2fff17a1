package artifact

import "encoding/json"

// EncoderMeta describes a backbone with its weights, so that whoever takes them
// can check the fit before loading.
type EncoderMeta struct {
	Backbone       string          `json:"backbone"` // empty where there is none: raw pixels
	BackboneConfig json.RawMessage `json:"backbone_config,omitempty"`
	InputShape     [3]int          `json:"input_shape"` // height, width, channels
	Mean           []float64       `json:"mean"`        // of pixel/255, per channel
	Std            []float64       `json:"std"`
	Dim            int             `json:"dim"`                // length of the pooled features
	Tensors        int             `json:"tensors"`            // number of the backbone's tensors
	Pretext        string          `json:"pretext,omitempty"`  // the task that trained it; empty when none did
	Steps          int             `json:"steps,omitempty"`    // training steps of the pretext task
	Images         int             `json:"images,omitempty"`   // source images that those steps read
	Labelled       bool            `json:"labelled,omitempty"` // the pretext task read their labels
}

// ClassifierMeta describes an encoder with a head for classes, and how it was
// trained.
type ClassifierMeta struct {
	EncoderMeta
	Mode             string       `json:"mode"` // full, linear or pixels
	Classes          []string     `json:"classes"`
	LabelsPerClass   int          `json:"labels_per_class"`
	Layer            string       `json:"layer"`          // that the head reads
	Init             string       `json:"init,omitempty"` // digest of the encoder it started from; empty: random weights
	L2               float64      `json:"l2,omitempty"`   // penalty of a linear head
	TrainSteps       int          `json:"train_steps,omitempty"`
	CutShort         bool         `json:"cut_short,omitempty"` // validation accuracy might have gone on rising
	BestStep         int          `json:"best_step,omitempty"` // step whose weights were kept
	TrainImages      int          `json:"train_images"`
	ValidationImages int          `json:"validation_images"`
	Validation       float64      `json:"validation"`      // accuracy on validation images
	Curve            [][2]float64 `json:"curve,omitempty"` // step, validation accuracy
}

// MetricsMeta sums up what an evaluation measured.
type MetricsMeta struct {
	TestImages  int `json:"test_images"`
	Classifiers int `json:"classifiers"`
}
