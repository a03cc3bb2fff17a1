package tf

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/bounded"
)

// ModelVariables returns the values of a SavedModel's variables by name, whoever
// wrote it. Those of a Keras model have Keras's names ("Conv1/kernel"), though
// its checkpoint is keyed by paths through Python's objects. Variables that share
// a name but not a value have their keys for names instead. Types that a Tensor
// does not have, such as half precision, are left out; a model without variables
// is an empty map.
func ModelVariables(dir string) (map[string]*Tensor, error) {
	_, err := os.Stat(filepath.Join(dir, modelFile))
	var values map[string]*Tensor
	if err == nil {
		values, err = modelVariables(filepath.Join(dir, variablesFiles))
	}
	if err != nil {
		return nil, fmt.Errorf("read the variables of SavedModel %s: %w", dir, err)
	}
	return values, nil
}

func modelVariables(prefix string) (map[string]*Tensor, error) {
	c, err := openCheckpoint(prefix)
	if err != nil {
		return nil, err
	}
	keys := slices.DeleteFunc(slices.Sorted(maps.Keys(c.index)), func(key string) bool { return c.index[key].DType.Size() == 0 })
	values, err := c.read(keys)
	if err != nil {
		return nil, err
	}
	byName := map[string][]string{}
	for _, key := range keys {
		byName[c.name(key)] = append(byName[c.name(key)], key)
	}
	named := map[string]*Tensor{}
	for name, keys := range byName {
		for _, key := range keys {
			// Keras lists some variables twice.
			if !values[key].equal(values[keys[0]]) {
				name = ""
			}
		}
		for _, key := range keys {
			if name == "" {
				named[key] = values[key]
			} else {
				named[name] = values[key]
			}
		}
	}
	return named, nil
}

func (t *Tensor) equal(o *Tensor) bool {
	return t.dt == o.dt && slices.Equal(t.dims, o.dims) && bytes.Equal(t.raw, o.raw)
}

// checkpoint is one that anybody wrote.
type checkpoint struct {
	prefix  string
	index   map[string]IndexEntry
	objects []*corepb.TrackableObjectGraph_TrackableObject // of Python's; nil where keys are names
	names   map[string]string                              // of variables, by key
}

// objectsKey is where Python's checkpoints say which objects their keys are.
const objectsKey = "_CHECKPOINTABLE_OBJECT_GRAPH"

// openCheckpoint reads all but the values. Where there are no files there are no
// variables.
func openCheckpoint(prefix string) (*checkpoint, error) {
	if !library.loaded.Load() {
		return nil, ErrNotLoaded
	}
	c := &checkpoint{prefix: prefix, names: map[string]string{}}
	var err error
	if c.index, err = readIndex(prefix); errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = c.checkSizes()
	}
	if err != nil {
		return nil, err
	}
	if _, ok := c.index[objectsKey]; ok {
		return c, c.readObjects()
	}
	return c, nil
}

// readObjects reads Python's names of the variables.
func (c *checkpoint) readObjects() error {
	damaged := errors.New("it is damaged: its object graph cannot be read")
	if e := c.index[objectsKey]; e.DType != String || len(e.Shape) != 0 {
		return damaged
	}
	if e := c.index[objectsKey]; e.DType != String || len(e.Shape) != 0 {
		return damaged
	}
	values, err := c.read([]string{objectsKey})
	if err != nil {
		return err
	}
	var graph corepb.TrackableObjectGraph
	if err := proto.Unmarshal([]byte(values[objectsKey].Strings()[0]), &graph); err != nil {
		return damaged
	}
	c.objects = graph.GetNodes()
	for _, o := range c.objects {
		for _, a := range o.GetAttributes() {
			c.names[a.GetCheckpointKey()] = a.GetFullName()
		}
	}
	return nil
}

// checkSizes keeps an index from asking for more memory than the files hold:
// TensorFlow allocates a tensor before it reads one.
func (c *checkpoint) checkSizes() error {
	held, err := c.bytesHeld()
	if err != nil {
		return err
	}
	var all int64
	for _, key := range slices.Sorted(maps.Keys(c.index)) {
		e := c.index[key]
		size := max(int64(e.DType.Size()), 1) // of a text at least its length is there
		for _, d := range e.Shape {
			if d > held/size {
				size = held + 1
				break
			}
			size *= d
		}
		exact := e.DType.Size() > 0
		if size > held || exact && size != e.size || size > e.size || e.size > held-all {
			return fmt.Errorf("it is damaged: %s is %s %s in %d bytes, and its files have %d", key, e.DType, e.Shape, e.size, held)
		}
		all += e.size // no two values share their bytes
	}
	return nil
}

// bytesHeld is the size of the files with values.
func (c *checkpoint) bytesHeld() (int64, error) {
	files, err := os.ReadDir(filepath.Dir(c.prefix))
	if err != nil {
		return 0, err
	}
	var held int64
	for _, file := range files {
		if !strings.HasPrefix(file.Name(), filepath.Base(c.prefix)+".data-") {
			continue
		}
		info, err := os.Stat(filepath.Join(filepath.Dir(c.prefix), file.Name()))
		if err != nil {
			return 0, err
		}
		if !info.Mode().IsRegular() {
			return 0, fmt.Errorf("%s: %w", file.Name(), bounded.ErrNoFile)
		}
		held += info.Size()
	}
	return held, nil
}

// name returns what a variable is called, which is its key unless Python wrote it.
func (c *checkpoint) name(key string) string {
	if name := c.names[key]; name != "" {
		return name
	}
	return key
}

// read returns values by their keys.
func (c *checkpoint) read(keys []string) (map[string]*Tensor, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	types := make([]DType, len(keys))
	for i, key := range keys {
		types[i] = c.index[key].DType
	}
	g := NewGraph()
	fetches := g.Op("RestoreV2", Attrs{"dtypes": types}, g.Const(c.prefix), g.Const(keys), g.Const(make([]string, len(keys))))
	results, err := runOnce(g, nil, fetches)
	if err != nil {
		return nil, err
	}
	values := make(map[string]*Tensor, len(keys))
	for i, key := range keys {
		values[key] = results[i]
	}
	return values, nil
}

// WriteCheckpoint writes values as a checkpoint that a Saver restores by the
// names of its variables.
func WriteCheckpoint(prefix string, values map[string]*Tensor) error {
	if err := writeCheckpoint(prefix, values); err != nil {
		return fmt.Errorf("write checkpoint %s: %w", prefix, err)
	}
	return nil
}

func writeCheckpoint(prefix string, values map[string]*Tensor) error {
	if len(values) == 0 {
		return errors.New("there are no values")
	}
	if err := os.MkdirAll(filepath.Dir(prefix), 0o755); err != nil {
		return err
	}
	g, keys := NewGraph(), slices.Sorted(maps.Keys(values))
	types, fed, feeds := make([]DType, len(keys)), make([]Output, len(keys)), map[Output]*Tensor{}
	for i, key := range keys {
		v := values[key]
		types[i], fed[i] = v.dt, g.Op("Placeholder", Attrs{"dtype": v.dt, "shape": Shape(v.dims)})[0]
		feeds[fed[i]] = v
	}
	save := g.node("SaveV2", "save", Attrs{"dtypes": types}, []argument{
		{one: g.Const(prefix)}, {one: g.Const(keys)}, {one: g.Const(make([]string, len(keys)))}, {list: fed, isList: true},
	})
	_, err := runOnce(g, feeds, nil, Op{op: save, of: g.shared})
	return err
}

// runOnce runs a graph in a session of its own.
func runOnce(g *Graph, feeds map[Output]*Tensor, fetches []Output, targets ...Op) ([]*Tensor, error) {
	s, err := NewSession(g, SessionOptions{})
	if err != nil {
		return nil, err
	}
	results, err := s.Run(feeds, fetches, targets...)
	return results, errors.Join(err, s.Close())
}
