// Package artifact holds what stages hand on, and the store that keeps it: typed
// outputs with their metadata, and a content-addressed cache of the folders that
// units of work leave behind.
//
// It knows nothing of pipelines, stages or TensorFlow and imports nothing of
// ours; it refuses symbolic links and devices inside results, and never hands
// out a result that is incomplete or has changed since it was stored.
//
// A new type of artifact is a constant and a line in Types here, and a metadata
// struct in a file of its own.
package artifact

import (
	"encoding/json"
	"fmt"
	"path/filepath"
)

// Type says what an output of a stage is, so that a reference to it can be
// checked before anything runs.
type Type string

// The types of artifact.
const (
	TypeDataset    Type = "dataset"    // images and labels, or one split of them
	TypeViews      Type = "views"      // a data set with the transformations to draw views by
	TypeEncoder    Type = "encoder"    // a backbone's weights
	TypeClassifier Type = "classifier" // an encoder with a head for classes
	TypeMetrics    Type = "metrics"    // measured numbers
)

// Types lists every type of artifact.
var Types = []Type{TypeDataset, TypeViews, TypeEncoder, TypeClassifier, TypeMetrics}

// Output is what a unit of work returns for one of its outputs. The files are in
// the unit's out folder; Meta is one of this package's metadata structs, or
// anything else that encoding/json can write.
type Output struct {
	Type Type
	Meta any
	// Scores are the numbers that sum the output up, such as an accuracy: what
	// two results are compared by where their bits differ.
	Scores map[string]float64
}

// Handle is a stored output as a later unit sees it.
type Handle struct {
	Type Type
	// Path is the absolute path of the folder with everything that the unit
	// left under out; the outputs of one unit share it. Its files are
	// read-only and may be mapped into memory.
	Path   string
	Meta   json.RawMessage
	Digest string         // of the folder's content
	Unit   string         // address of the unit that made it
	Coord  map[string]int // that unit's coordinates
}

// Decode reads the handle's metadata into meta, a pointer to the struct for its
// type.
func (h Handle) Decode(meta any) error {
	if err := json.Unmarshal(h.Meta, meta); err != nil {
		return fmt.Errorf("read metadata of %s from %s: %w", h.Type, h.Unit, err)
	}
	return nil
}

// Object returns the folder of another result in the same store, for metadata
// that names one by digest, as ViewsMeta does.
func (h Handle) Object(digest string) string {
	return filepath.Join(filepath.Dir(h.Path), digest)
}
