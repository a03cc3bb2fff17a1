// Package starter writes a first pipeline for somebody's images: it takes what
// package dataset found in a folder or archive, decides on splits, label budgets,
// image size and length of training, and explains each decision in the file.
//
// Every number in the file was counted in the data, follows from such numbers, or
// is called an estimate. The package reads no files, prints nothing, and decides
// nothing that the text of the file does not say. What it cannot know, such as
// whether images may be mirrored, it says too.
//
// A new decision is a field of draft with its reason, and a place in a template;
// the rates of a new pretext task are an entry of recipes (recipes.go).
package starter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"text/template"

	"github.com/hashicorp/hcl/v2/hclwrite"

	"sslpipe/internal/dataset"
)

// Options are what the survey does not tell.
type Options struct {
	Name    string // of the images, for texts
	Path    string // of the images, as the pipeline file is to have it
	File    string // of the pipeline, as commands name it
	Pretext string // the task to write down; "" chooses one
	Minutes int    // that a run may take
	Machine Machine
}

// Machine is where the pipeline is to run, for the estimates of time.
type Machine struct {
	Cores int
	// Slowness is the time that this machine takes for something, relative to
	// one with AVX-512, where the numbers of recipes.go were measured.
	Slowness float64
}

// Pipeline is a pipeline file with what a person should be told about it.
type Pipeline struct {
	Text     []byte
	Found    []Fact   // what the images are
	Choices  []Fact   // what the pipeline makes of them
	Warnings []string // what stands in the way of a trustworthy result
}

// Fact is one thing that was found or chosen.
type Fact struct{ Name, Text string }

// ErrNothingToCompare is that no two classes have enough images.
var ErrNothingToCompare = errors.New("too few images to tell classes apart")

//go:embed templates
var templates embed.FS

// Write writes a pipeline for the images of a survey. Images of fewer than two
// classes get one that only pre-trains. It fails where a run of any pipeline
// would, because too many images cannot be read, and with ErrNothingToCompare.
func Write(s *dataset.Survey, o Options) (*Pipeline, error) {
	d := &draft{Options: o, Survey: s}
	if err := d.decide(); err != nil {
		return nil, err
	}
	text, err := d.render()
	if err != nil {
		return nil, err
	}
	return &Pipeline{Text: text, Found: d.Found(), Choices: d.choices(), Warnings: d.Warnings}, nil
}

// render fills in the template.
func (d *draft) render() ([]byte, error) {
	parsed, err := template.New("").Funcs(functions).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("read the templates of pipelines: %w", err)
	}
	name := "compare.hcl.tmpl"
	if !d.Compares() {
		name = "pretrain.hcl.tmpl"
	}
	var out bytes.Buffer
	if err := parsed.ExecuteTemplate(&out, name, d); err != nil {
		return nil, fmt.Errorf("write pipeline: %w", err)
	}
	return hclwrite.Format(out.Bytes()), nil
}
