package tf

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	graft "github.com/wamuir/graft/tensorflow"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// Model is a SavedModel in a session of its own. Run may be called concurrently.
type Model struct {
	s          *Session
	signatures []Signature
}

// LoadModel loads the SavedModel with the tag "serve" in the folder dir, written
// by this package; anybody else's becomes one by AttachHead. TensorFlow's loader
// runs what a model's file tells it to, so a model that would do more than restore
// values from its own files and compute outputs from inputs is refused before, and
// so is one whose index asks for more memory than its files hold. Nobody may change
// the files meanwhile.
func LoadModel(dir string, o SessionOptions) (*Model, error) {
	m, err := load(dir, o)
	if err != nil {
		return nil, fmt.Errorf("load SavedModel %s: %w", dir, err)
	}
	return m, nil
}

func load(dir string, o SessionOptions) (*Model, error) {
	if !library.loaded.Load() {
		return nil, ErrNotLoaded
	}
	info, err := checkFiles(dir)
	if err != nil {
		return nil, err
	}
	o.Device = deviceFor(info.meta, o.Device)
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	loaded, err := graft.LoadSavedModel(dir, []string{serveTag}, &graft.SessionOptions{Config: config})
	if err != nil {
		return nil, err
	}
	g := &Graph{shared: &shared{graph: loaded.Graph}}
	m := &Model{s: &Session{of: g.shared, s: loaded.Session}}
	err = checkDevice(loaded.Session, o.Device, 1)
	if err == nil {
		m.signatures, err = g.signatures(loaded.Signatures)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// deviceFor is where a model runs for which a device was asked: those with operations that
// would fail on a GPU run on the CPU.
func deviceFor(meta *corepb.MetaGraphDef, asked Device) Device {
	for _, n := range meta.GetGraphDef().GetNode() {
		if slices.Contains(unrepeatable, n.GetOp()) {
			return CPU
		}
	}
	return asked
}

// checkFiles looks at the files of a model before TensorFlow does.
func checkFiles(dir string) (*ModelInfo, error) {
	info, err := inspect(dir)
	if err != nil {
		return nil, err
	}
	// The loader would take this file, if it is there, for the model.
	if _, err := os.Lstat(filepath.Join(dir, chunkedFile)); err == nil {
		return nil, fmt.Errorf("it has %s beside %s", chunkedFile, modelFile)
	}
	if err := checkLoading(info.meta); err != nil {
		return nil, err
	}
	_, err = openCheckpoint(filepath.Join(dir, variablesFiles))
	return info, err
}

// signatures resolves the names in a model's signatures, sorted by name.
// Signatures without inputs are not for calling: TensorFlow 2 writes one to
// initialise.
func (g *Graph) signatures(from map[string]graft.Signature) ([]Signature, error) {
	var list []Signature
	for _, name := range slices.Sorted(maps.Keys(from)) {
		s := Signature{Name: name}
		if len(from[name].Inputs) == 0 {
			continue
		}
		var err error
		if s.Inputs, err = g.resolve(from[name].Inputs); err == nil {
			s.Outputs, err = g.resolve(from[name].Outputs)
		}
		if err != nil {
			return nil, fmt.Errorf("signature %s: %w", name, err)
		}
		list = append(list, s)
	}
	return list, nil
}

// Signatures returns the ways to call the model, sorted by name.
func (m *Model) Signatures() []Signature { return slices.Clone(m.signatures) }

// Run computes the outputs of a signature from all of its inputs.
func (m *Model) Run(signature string, in map[string]*Tensor) (map[string]*Tensor, error) {
	at := slices.IndexFunc(m.signatures, func(s Signature) bool { return s.Name == signature })
	if at < 0 {
		return nil, fmt.Errorf("run model: there is no signature %q among %v", signature, signatureNames(m.signatures))
	}
	s := m.signatures[at]
	want, got := slices.Sorted(maps.Keys(s.Inputs)), slices.Sorted(maps.Keys(in))
	if !slices.Equal(want, got) {
		return nil, fmt.Errorf("run model: signature %s takes %v, not %v", signature, want, got)
	}
	feeds := make(map[Output]*Tensor, len(in))
	for name, t := range in {
		feeds[s.Inputs[name]] = t
	}
	keys := slices.Sorted(maps.Keys(s.Outputs))
	fetches := make([]Output, len(keys))
	for i, key := range keys {
		fetches[i] = s.Outputs[key]
	}
	results, err := m.s.Run(feeds, fetches)
	if err != nil {
		return nil, err
	}
	out := make(map[string]*Tensor, len(keys))
	for i, key := range keys {
		out[key] = results[i]
	}
	return out, nil
}

func signatureNames(list []Signature) []string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name
	}
	return names
}

// Close frees the model.
func (m *Model) Close() error { return m.s.Close() }
