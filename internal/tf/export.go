package tf

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// Signature is one way to call a model: named inputs, which are placeholders,
// and named outputs, which depend on no other placeholder.
type Signature struct {
	Name            string
	Inputs, Outputs map[string]Output
}

const (
	modelFile      = "saved_model.pb"
	chunkedFile    = "saved_model.cpb"
	variablesFiles = "variables/variables"
	serveTag       = "serve"
)

// ExportSavedModel writes the part of the inference graph g that signatures
// need to the folder dir as a SavedModel, with the values that its variables have
// in a checkpoint, by name. It loads in LoadModel, in TensorFlow's Python and C++
// loaders and in the tools that build on them.
//
// Call the main signature "serving_default"; "serve" is the one that Keras's
// TFSMLayer takes by default. The folder appears complete or not at all, and
// replaces an earlier one; equal models are equal bytes.
func ExportSavedModel(dir string, g *Graph, signatures []Signature, fromCheckpoint string) error {
	if err := export(dir, g, signatures, fromCheckpoint); err != nil {
		return fmt.Errorf("export SavedModel %s: %w", dir, err)
	}
	return nil
}

func export(dir string, g *Graph, signatures []Signature, checkpoint string) error {
	if err := g.Err(); err != nil {
		return err
	}
	if err := checkSignatures(g, signatures); err != nil {
		return err
	}
	model, err := inferencePart(g, signatures)
	if err != nil {
		return err
	}
	meta, err := metaGraph(model, signatures)
	if err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-*")
	if err != nil {
		return err
	}
	err = writeModel(temp, model, meta, checkpoint)
	if err == nil {
		err = replaceDir(temp, dir)
	}
	// After an exchange temp is the old model, after a rename it is gone.
	return errors.Join(err, os.RemoveAll(temp))
}

// checkSignatures finds what would make a model that some reader cannot use.
func checkSignatures(g *Graph, signatures []Signature) error {
	if len(signatures) == 0 {
		return errors.New("there are no signatures")
	}
	seen := map[string]bool{}
	for _, s := range signatures {
		if s.Name == "" || s.Name[0] == '_' || seen[s.Name] {
			return fmt.Errorf("signature name %q is empty, starts with _, or is there twice", s.Name)
		}
		seen[s.Name] = true
		if len(s.Inputs) == 0 || len(s.Outputs) == 0 {
			return fmt.Errorf("signature %s lacks inputs or outputs", s.Name)
		}
		for name, o := range s.Inputs {
			if !o.in(g) || o.out.Op.Type() != "Placeholder" {
				return fmt.Errorf("signature %s: input %s is not a placeholder of this graph", s.Name, name)
			}
		}
		for name, o := range s.Outputs {
			if !o.in(g) {
				return fmt.Errorf("signature %s: output %s is not of this graph", s.Name, name)
			}
		}
	}
	return nil
}

// model is a graph of its own with what signatures need, and the nodes that
// restore its variables.
type model struct {
	*Graph
	saver *Saver
	noop  Op
}

// inferencePart copies what the signatures need into a new graph. Variables keep
// their names, so the new graph reads the checkpoints of the old one.
func inferencePart(g *Graph, signatures []Signature) (*model, error) {
	def, err := graphDef(g)
	if err != nil {
		return nil, err
	}
	wanted, err := needed(def, signatures)
	if err != nil {
		return nil, err
	}
	var vars []*Variable
	for _, v := range g.vars {
		if wanted[v.Name] {
			vars = append(vars, v)
			wanted[v.read.out.Op.Name()] = true
		}
	}
	if len(vars) == 0 {
		return nil, errors.New("the signatures depend on no variable")
	}
	def.Node = slices.DeleteFunc(def.Node, func(n *nodeDef) bool { return !wanted[n.GetName()] })
	return importModel(def, vars)
}

// importModel makes a graph of def, in which vars are among the nodes.
func importModel(def *graphpb.GraphDef, vars []*Variable) (*model, error) {
	raw, err := proto.Marshal(def)
	if err != nil {
		return nil, err
	}
	g := NewGraph()
	if err := g.graph.Import(raw, ""); err != nil {
		return nil, fmt.Errorf("copy the graph: %w", err)
	}
	for _, n := range def.GetNode() {
		g.roots[rootOf(n.GetName())] = true
	}
	for _, v := range vars {
		copied := *v
		copied.g, copied.init = g, Op{}
		copied.handle, copied.read = g.nodeOutput(v.handle), g.nodeOutput(v.read)
		g.vars = append(g.vars, &copied)
	}
	m := &model{Graph: g, saver: g.Saver(g.vars)}
	m.noop = Op{op: g.node("NoOp", g.freeRoot("init"), nil, nil), of: g.shared}
	return m, g.Err()
}

// nodeOutput finds the output of the same name in g.
func (g *Graph) nodeOutput(o Output) Output {
	op := g.graph.Operation(o.out.Op.Name())
	if op == nil || o.out.Index >= op.NumOutputs() {
		return g.Failf("the copy of the graph lacks %s", o.Name())
	}
	return Output{out: op.Output(o.out.Index), of: g.shared}
}

func graphDef(g *Graph) (*graphpb.GraphDef, error) {
	var raw bytes.Buffer
	if _, err := g.graph.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("copy the graph: %w", err)
	}
	def := new(graphpb.GraphDef)
	if err := proto.Unmarshal(raw.Bytes(), def); err != nil {
		return nil, fmt.Errorf("copy the graph: %w", err)
	}
	return def, nil
}

// writeModel fills the folder: values first, the graph last.
func writeModel(dir string, m *model, meta *corepb.MetaGraphDef, checkpoint string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, filepath.Dir(variablesFiles)), 0o755); err != nil {
		return err
	}
	if err := copyValues(m, checkpoint, filepath.Join(dir, variablesFiles)); err != nil {
		return err
	}
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&corepb.SavedModel{
		SavedModelSchemaVersion: 1, MetaGraphs: []*corepb.MetaGraphDef{meta},
	})
	if err != nil {
		return err
	}
	path := filepath.Join(dir, modelFile)
	return errors.Join(os.WriteFile(path, raw, 0o644), fsync(path), fsync(dir))
}

// copyValues restores m from one checkpoint and saves it to another, which also
// shows that the model's restoring nodes work.
func copyValues(m *model, from, to string) error {
	s, err := NewSession(m.Graph, SessionOptions{})
	if err != nil {
		return err
	}
	err = m.saver.Restore(s, from)
	if err == nil {
		err = m.saver.Save(s, to)
	}
	return errors.Join(err, s.Close())
}

// replaceDir gives temp the name dir in one step, also where there is a dir.
func replaceDir(temp, dir string) error {
	err := os.Rename(temp, dir)
	if errors.Is(err, os.ErrExist) || errors.Is(err, unix.ENOTEMPTY) {
		err = unix.Renameat2(unix.AT_FDCWD, temp, unix.AT_FDCWD, dir, unix.RENAME_EXCHANGE)
	}
	if err != nil {
		return fmt.Errorf("rename: %w", err)
	}
	return fsync(filepath.Dir(dir))
}
