// Package report is what a run found, as one document: the numbers of every
// evaluation with their protocol, the curves of training, what the encoders made
// of the test images, the machine, and the commands that repeat it all.
//
// The document is written to the run's folder as report.json, whose schema has a
// version, and read back from there, so that old runs can be shown, drawn again
// and compared without their cache. The package neither prints nor draws: view
// does, in every format, from the document alone. It imports metrics and nothing
// else of ours.
//
// What a page shall show more of is a field here, filled where the document is
// made and drawn in view; a change that old readers would misread raises Version.
package report

import (
	"cmp"
	"time"

	"sslpipe/internal/metrics"
)

// Version is the version of the schema of report.json.
const Version = 1

// Report is the document.
type Report struct {
	Version      int           `json:"version"`
	Run          string        `json:"run"` // name of the run's folder
	Started      time.Time     `json:"started"`
	Pipeline     Pipeline      `json:"pipeline"`
	Environment  Environment   `json:"environment"`
	Commands     []string      `json:"commands"` // that repeat the run
	Evaluations  []Evaluation  `json:"evaluations"`
	Pretrainings []Pretraining `json:"pretrainings"`
}

// Pipeline is the experiment as it was written down.
type Pipeline struct {
	Name        string            `json:"name"`
	Path        string            `json:"path"` // as given on the command line
	Description string            `json:"description,omitempty"`
	Source      string            `json:"source"` // text of the file
	Variables   map[string]string `json:"variables,omitempty"`
}

// Environment is where the run took place.
type Environment struct {
	Program   string  `json:"program"`    // version of sslpipe
	Runtime   string  `json:"runtime"`    // TensorFlow, device, vector instructions
	Processor string  `json:"processor"`  // as the system names it
	Cores     int     `json:"cores"`      // logical
	MemoryGiB float64 `json:"memory_gib"` // of the machine
	System    string  `json:"system"`     // operating system and architecture
	GoVersion string  `json:"go_version"`
}

// Pretraining is one unit of a pretrain stage.
type Pretraining struct {
	Unit    string  `json:"unit"`  // pretrain.rotation[seed=0]
	Stage   string  `json:"stage"` // rotation
	Task    string  `json:"task"`  // names of the pretext tasks
	Seed    int     `json:"seed"`
	Seconds float64 `json:"seconds"`
	Epochs  []Epoch `json:"epochs"`
}

// Epoch is what was measured over one epoch of pre-training. "loss" is always
// among the values; others are the monitors of the tasks, as "accuracy",
// "spread" or "rank".
type Epoch struct {
	Epoch  int                `json:"epoch"` // from 1
	Step   int                `json:"step"`  // steps by its end
	Values map[string]float64 `json:"values"`
}

// Evaluation is one evaluate stage.
type Evaluation struct {
	Name     string `json:"name"`
	Baseline string `json:"baseline"`
	// Arms are in the order of the table's columns, the baseline first.
	Arms []Arm `json:"arms"`
	// Sets are the test sets: first the stage's own, then the extra ones.
	Sets []TestSet `json:"sets"`
	// Parts are the parts of the data that some arm has read.
	Parts []Part `json:"parts"`
	// Leaks has every part of the data that some arm read, also those without any.
	Leaks     []Leak     `json:"leaks"`
	Trainings []Training `json:"trainings"`
}

// Arm is one way to come to a classifier, with what it costs.
type Arm struct {
	Name string `json:"name"`
	Text string `json:"text"` // what it is, in words
	Cost Cost   `json:"cost"`
}

// Cost is what the arm's classifiers took, each in the mean over seeds at the
// largest label budget. Pre-training counts whole, although several classifiers
// share one. FLOPs are those of convolutions and matrix products, a
// multiplication and an addition counting as two.
type Cost struct {
	PretrainImages  float64 `json:"pretrain_images"` // images read, an image twice where it is read twice
	PretrainFLOPs   float64 `json:"pretrain_flops"`
	PretrainSeconds float64 `json:"pretrain_seconds"`
	Images          float64 `json:"images"` // the same for training with labels
	FLOPs           float64 `json:"flops"`
	Seconds         float64 `json:"seconds"`
}

// TestSet is one set of test examples with all that was measured on it.
type TestSet struct {
	Name   string `json:"name"`   // of the data set
	Digest string `json:"digest"` // of the examples and their labels
	// Kind is what its examples are called, in the plural: "texts", or empty for
	// images. See Noun.
	Kind    string   `json:"kind,omitempty"`
	Images  int      `json:"images"` // or texts
	Classes []string `json:"classes"`
	// Comparisons has one comparison for each metric, accuracy first. Its
	// protocol holds for the whole set.
	Comparisons []*metrics.Comparison `json:"comparisons"`
	Runs        []Run                 `json:"runs"`
	// Efficiency says of each arm but the baseline how many labels it saves.
	Efficiency []metrics.Efficiency `json:"efficiency"`
	Details    []Detail             `json:"details"`
	Embeddings []Embedding          `json:"embeddings"`
	// Pictures are those that Details and Embeddings show by number; nil
	// where none were kept.
	Pictures *Pictures `json:"pictures,omitempty"`
	// Texts are beginnings of texts, by the same numbers, where there are no pictures.
	Texts []string `json:"texts,omitempty"`
	// Language is how well encoders of text predict tokens; nil where none does.
	Language []LanguageModel `json:"language_models,omitempty"`
}

// Noun is what the set is made of, as a person reads it: "images" or "texts".
func (s *TestSet) Noun() string { return cmp.Or(s.Kind, images) }

// Noun is what the first test set is made of, which all sets of an evaluation are.
func (e *Evaluation) Noun() string {
	if len(e.Sets) == 0 {
		return images
	}
	return e.Sets[0].Noun()
}

const images = "images"

// Run is one classifier's scores.
type Run struct {
	Arm    string             `json:"arm"`
	Labels int                `json:"labels"` // per class
	Seed   int                `json:"seed"`
	Group  string             `json:"group,omitempty"` // the pre-training that it started from
	Values map[string]float64 `json:"values"`
	// Right has one character for each test image: 1 where the classifier is
	// right, 0 where it is wrong.
	Right string `json:"right"`
}

// Detail is what an arm does at one label budget, over all of its seeds.
type Detail struct {
	Arm    string `json:"arm"`
	Labels int    `json:"labels"` // per class
	// Confusion counts predictions summed over seeds: [truth][predicted].
	Confusion [][]int `json:"confusion"`
	// Recall is that of each class, over seeds.
	Recall []metrics.Summary `json:"recall"`
	// Bins are those of the reliability diagram, over the predictions of all seeds.
	Bins []metrics.Bin `json:"bins"`
	// Mistakes of the first seed, the most confident first.
	Mistakes []Mistake `json:"mistakes,omitempty"`
}

// Mistake is a test example that was taken for another class.
type Mistake struct {
	Picture     int     `json:"picture"` // or the number of its text
	Truth       int     `json:"truth"`
	Predicted   int     `json:"predicted"`
	Probability float64 `json:"probability"` // that it gave to the predicted class
}

// Embedding is how an arm's encoder of the first seed, at the largest label
// budget, sees some test images.
type Embedding struct {
	Arm    string  `json:"arm"`
	Points []Point `json:"points"`
	// Neighbours are the pictures nearest to some of the points by cosine, the
	// nearest first.
	Neighbours []Neighbours `json:"neighbours"`
}

// Point is an example in two projections to the plane.
type Point struct {
	Picture int        `json:"picture"` // or the number of its text
	Class   int        `json:"class"`
	PCA     [2]float64 `json:"pca"`
	TSNE    [2]float64 `json:"tsne"`
}

// Neighbours are indices into Points.
type Neighbours struct {
	Of      int   `json:"of"`
	Nearest []int `json:"nearest"`
}

// Pictures is one PNG image, a file beside the report, that holds many small
// ones in rows: number i is in row i / Columns, column i % Columns.
type Pictures struct {
	File    string `json:"file"`
	Width   int    `json:"width"` // of one picture, in pixels
	Height  int    `json:"height"`
	Columns int    `json:"columns"`
	Count   int    `json:"count"`
}

// Part is a part of the data that had a share in the arms.
type Part struct {
	Purpose string `json:"purpose"` // "pre-training", "training" or "validation"
	Name    string `json:"name"`    // of the data set
	Split   string `json:"split"`
	Images  int    `json:"images"`
	Digest  string `json:"digest"` // of the images and their labels
}

// Leak counts the images of one part of the data that are in the test set too.
type Leak struct {
	Part  string `json:"part"` // as "pre-training (unlabelled of download.images)"
	Set   string `json:"set"`  // the test set's name
	Exact int    `json:"exact"`
	Near  int    `json:"near"` // near-duplicates beside the exact ones
	Of    int    `json:"of"`   // images of the part that were compared
}

// Training is the course of one classifier's training: the validation accuracy
// by step, and the step whose weights were kept.
type Training struct {
	Arm    string       `json:"arm"`
	Labels int          `json:"labels"` // per class
	Seed   int          `json:"seed"`
	Best   int          `json:"best"`  // step
	Curve  [][2]float64 `json:"curve"` // step, accuracy
}
