package artifact

import "encoding/json"

// EncoderMeta describes a backbone with its weights, so that whoever takes them
// can check the fit before loading.
type EncoderMeta struct {
	Backbone       string          `json:"backbone"` // empty where there is none of ours: raw pixels, a given model
	BackboneConfig json.RawMessage `json:"backbone_config,omitempty"`
	InputShape     [3]int          `json:"input_shape"`    // as DatasetMeta.Shape
	Text           *TextMeta       `json:"text,omitempty"` // of the tokens that it reads; nil for images
	Mean           []float64       `json:"mean"`           // of pixel/255, per channel
	Std            []float64       `json:"std"`
	Dim            int             `json:"dim"`                // length of the pooled features
	Tensors        int             `json:"tensors"`            // number of the backbone's tensors
	Pretext        string          `json:"pretext,omitempty"`  // the task that trained it; empty when none did
	Steps          int             `json:"steps,omitempty"`    // training steps of the pretext task
	Images         int             `json:"images,omitempty"`   // source images that those steps read
	FLOPs          int64           `json:"flops,omitempty"`    // of all those steps
	Phases         []SizePhase     `json:"phases,omitempty"`   // of those steps, where views were not always of one size
	Mixed          bool            `json:"mixed,omitempty"`    // those steps were in mixed precision
	Labelled       bool            `json:"labelled,omitempty"` // the pretext task read their labels
	Data           []DataUse       `json:"data,omitempty"`     // what the weights were learnt from
}

// SizePhase is a part of a training at one size of the views.
type SizePhase struct {
	Side  int `json:"side"` // height of the views, in pixels
	Steps int `json:"steps"`
}

// DataUse names a part of a data set that had a share in a model.
type DataUse struct {
	Purpose string `json:"purpose"` // "pre-training", "training" or "validation"
	Name    string `json:"name"`    // of the data set
	Digest  string `json:"digest"`  // of its folder; see [Handle.Object]
	Split   string `json:"split"`
}

// ClassifierMeta describes an encoder with a head for classes, and how it was
// trained.
type ClassifierMeta struct {
	EncoderMeta
	Mode    string   `json:"mode"` // full, linear, knn or pixels
	Classes []string `json:"classes"`
	// LabelsPerClass is the mean over classes, rounded, where LabelsPermille
	// says that a share of each class was drawn.
	LabelsPerClass int     `json:"labels_per_class"`
	LabelsPermille int     `json:"labels_permille,omitempty"`
	Layer          string  `json:"layer"`                // that the head reads
	Init           string  `json:"init,omitempty"`       // digest of the encoder it started from; empty: random or given weights
	Given          string  `json:"given,omitempty"`      // name of the SavedModel whose weights were given
	L2             float64 `json:"l2,omitempty"`         // penalty of a linear head
	Neighbours     int     `json:"neighbours,omitempty"` // of a kNN head
	Temperature    float64 `json:"temperature,omitempty"`

	Rate       float64   `json:"learning_rate,omitempty"`
	Rates      []float64 `json:"learning_rates,omitempty"` // those that were tried, where there were several
	TrainSteps int       `json:"train_steps,omitempty"`
	TrainMixed bool      `json:"train_mixed,omitempty"` // those steps were in mixed precision
	ExtraSteps int       `json:"extra_steps,omitempty"` // added to match the compute of a pre-training
	CutShort   bool      `json:"cut_short,omitempty"`   // validation accuracy might have gone on rising
	BestStep   int       `json:"best_step,omitempty"`   // step whose weights were kept
	// TrainRead and TrainFLOPs are images read and operations of training with
	// labels, over all learning rates that were tried. The fit of a linear or
	// kNN head to features is not counted.
	TrainRead        int          `json:"train_read,omitempty"`
	TrainFLOPs       int64        `json:"train_flops,omitempty"`
	TrainImages      int          `json:"train_images"`
	Draw             string       `json:"draw"` // digest of which images those are
	ValidationImages int          `json:"validation_images"`
	Validation       float64      `json:"validation"`      // accuracy on validation images
	Curve            [][2]float64 `json:"curve,omitempty"` // step, validation accuracy
}

// MetricsMeta sums up what an evaluation measured.
type MetricsMeta struct {
	TestImages  int `json:"test_images"`
	Classifiers int `json:"classifiers"`
}
