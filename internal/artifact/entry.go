package artifact

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"
)

// Entry records the result of one unit of work.
type Entry struct {
	Fingerprint string                 `json:"fingerprint"`
	Unit        string                 `json:"unit"` // address of the unit that made it first
	Tree        string                 `json:"tree"` // digest of Files, and name of the object
	Files       []File                 `json:"files"`
	Outputs     map[string]EntryOutput `json:"outputs"`
	Created     time.Time              `json:"created"`
	Seconds     float64                `json:"seconds"` // that the unit took
	// Divergent lists later results of the same fingerprint that were not the
	// same. The first one stays the one that is used.
	Divergent []Divergence `json:"divergent,omitempty"`
	// Key is that of the [Work] whose result this is; empty where an older
	// version stored it.
	Key string `json:"key,omitempty"`
	// Adopted is the fingerprint that the result was stored for before, where
	// the unit did not run but had the same inputs; see [Store.Adopt].
	Adopted string `json:"adopted,omitempty"`
}

// Content is a digest of all that a later unit can see of an output: the files and
// the output's description.
func (e *Entry) Content(output string) (string, error) {
	out, err := e.output(output)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(struct {
		Tree   string      `json:"tree"`
		Output EntryOutput `json:"output"`
	}{e.Tree, out})
	if err != nil {
		return "", err
	}
	return digest(text), nil
}

// EntryOutput is one stored output of a unit.
type EntryOutput struct {
	Type Type            `json:"type"`
	Meta json.RawMessage `json:"meta"`
	// Scores are as in [Output].
	Scores map[string]float64 `json:"scores,omitempty"`
}

// Divergence is a result that differs from another of the same fingerprint.
type Divergence struct {
	Tree    string                 `json:"tree"`
	Outputs map[string]EntryOutput `json:"outputs"`
	Created time.Time              `json:"created"`
	Seconds float64                `json:"seconds"`
}

// newEntry describes a result whose files are sealed.
func newEntry(w Work, files []File, outs map[string]Output, seconds float64) (*Entry, error) {
	e := &Entry{
		Fingerprint: w.Fingerprint,
		Unit:        w.Unit,
		Key:         w.Key,
		Tree:        treeDigest(files),
		Files:       files,
		Outputs:     make(map[string]EntryOutput, len(outs)),
		Created:     time.Now().UTC().Round(0),
		Seconds:     seconds,
	}
	for name, out := range outs {
		meta, err := json.Marshal(out.Meta)
		if err != nil {
			return nil, fmt.Errorf("write metadata of output %s: %w", name, err)
		}
		e.Outputs[name] = EntryOutput{Type: out.Type, Meta: meta, Scores: out.Scores}
	}
	return e, nil
}

// SameResult says whether two entries hold the same files and metadata.
func SameResult(a, b *Entry) bool {
	return a.Tree == b.Tree && maps.EqualFunc(a.Outputs, b.Outputs, func(x, y EntryOutput) bool {
		return x.Type == y.Type && bytes.Equal(x.Meta, y.Meta)
	})
}

// diverge adds other, and what other knows of, to e's divergent results, each
// once.
func (e *Entry) diverge(other *Entry) {
	d := Divergence{Tree: other.Tree, Outputs: other.Outputs, Created: other.Created, Seconds: other.Seconds}
	for _, d := range append([]Divergence{d}, other.Divergent...) {
		known := func(k Divergence) bool {
			return SameResult(&Entry{Tree: k.Tree, Outputs: k.Outputs}, &Entry{Tree: d.Tree, Outputs: d.Outputs})
		}
		if !SameResult(e, &Entry{Tree: d.Tree, Outputs: d.Outputs}) && !slices.ContainsFunc(e.Divergent, known) {
			e.Divergent = append(e.Divergent, d)
		}
	}
}

// sealedEntry is an entry's file: a bit that flips in a mean or a count would
// otherwise be as good JSON as before.
type sealedEntry struct {
	SHA256 string          `json:"sha256"` // of the entry without white space
	Entry  json.RawMessage `json:"entry"`
}

// EncodeEntry is the text of an entry's file, with its digest.
func EncodeEntry(e *Entry) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(sealedEntry{SHA256: digest(body), Entry: body}, "", "  ")
	return append(text, '\n'), err
}

// DecodeEntry reads what [EncodeEntry] wrote for a fingerprint. Whatever the text says,
// the paths of its files are inside a folder, and its digest is that of its files.
func DecodeEntry(text []byte, fingerprint string) (*Entry, error) {
	var sealed sealedEntry
	if err := json.Unmarshal(text, &sealed); err != nil {
		return nil, err
	}
	var body bytes.Buffer
	if err := json.Compact(&body, sealed.Entry); err != nil {
		return nil, err
	}
	if digest(body.Bytes()) != sealed.SHA256 {
		return nil, errors.New("its checksum does not match")
	}
	e := new(Entry)
	if err := json.Unmarshal(body.Bytes(), e); err != nil {
		return nil, err
	}
	if e.Fingerprint != fingerprint {
		return nil, fmt.Errorf("it belongs to fingerprint %s", e.Fingerprint)
	}
	if e.Tree != treeDigest(e.Files) {
		return nil, errors.New("its list of files does not match its digest")
	}
	if err := CheckFiles(e.Files); err != nil {
		return nil, err
	}
	return e, nil
}

// CheckFiles refuses a list of which a file would not be inside of its folder.
func CheckFiles(files []File) error {
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Size < 0 {
			return fmt.Errorf("it lists a file %q of %d bytes", f.Path, f.Size)
		}
	}
	return nil
}

func (e *Entry) output(name string) (EntryOutput, error) {
	out, ok := e.Outputs[name]
	if !ok {
		names := slices.Sorted(maps.Keys(e.Outputs))
		return out, fmt.Errorf("%s has no output %q; it has: %s", e.Unit, name, strings.Join(names, ", "))
	}
	return out, nil
}
