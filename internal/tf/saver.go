package tf

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Saver writes and reads the values of variables in TensorFlow's checkpoint
// format: prefix.index and prefix.data-00000-of-00001, keyed by variable name.
type Saver struct {
	g       *Graph
	vars    []*Variable
	file    Output // takes the prefix
	saved   Output // the prefix, once the files are written
	restore Op
}

// Saver adds the nodes that save and restore vars, under the names that
// TensorFlow's own tools give them. Add it before the first run.
func (g *Graph) Saver(vars []*Variable) *Saver {
	sv := &Saver{g: g.root(), vars: slices.Clone(vars)}
	if g.err != nil || len(vars) == 0 {
		return sv
	}
	g, root := g.root(), g.freeRoot("save")
	named := func(name, typ string, attrs Attrs, args ...argument) Output {
		return g.build(typ, root+"/"+name, attrs, args)[0]
	}
	sv.file = named("Const", "Placeholder", Attrs{"dtype": String, "shape": Shape{}})
	keys, types, reads := make([]string, len(vars)), make([]DType, len(vars)), make([]Output, len(vars))
	for i, v := range vars {
		keys[i], types[i], reads[i] = v.Name, v.DType, v.read
	}
	view := g.Scope(root)
	names, whole := argument{one: view.Const(keys)}, argument{one: view.Const(make([]string, len(vars)))}
	save := g.node("SaveV2", root+"/SaveV2", Attrs{"dtypes": types}, []argument{{one: sv.file}, names, whole, {list: reads, isList: true}})
	values := view.Op("RestoreV2", Attrs{"dtypes": types}, sv.file, names.one, whole.one)
	if g.err != nil {
		return sv
	}
	assigns := make([]Op, len(vars))
	for i, v := range vars {
		assigns[i] = view.target("AssignVariableOp", Attrs{"dtype": v.DType, "validate_shape": true}, v.handle, values[i])
	}
	sv.saved = g.After(Op{op: save, of: g.shared}).OpNamed(root+"/Identity", "Identity", nil, sv.file)[0]
	sv.restore = Op{op: g.After(assigns...).node("NoOp", root+"/restore_all", nil, nil), of: g.shared}
	return sv
}

func (sv *Saver) ready() error {
	if sv.g.err != nil {
		return sv.g.err
	}
	if len(sv.vars) == 0 {
		return errors.New("there are no variables")
	}
	return nil
}

func (sv *Saver) run(s *Session, prefix string, op Op) error {
	name, err := FromStrings([]string{prefix})
	if err != nil {
		return err
	}
	_, err = s.Run(map[Output]*Tensor{sv.file: name}, nil, op)
	return err
}

// Save writes the values that the variables have in s, making folders as needed.
// When it returns nil, the
// files are complete and on the disk; after an error there may be parts of them.
// An earlier checkpoint of the same prefix is overwritten: to keep one at all
// times, save to a new folder and rename that.
func (sv *Saver) Save(s *Session, prefix string) error {
	if err := sv.saveAll(s, prefix); err != nil {
		return fmt.Errorf("save checkpoint %s: %w", prefix, err)
	}
	return nil
}

func (sv *Saver) saveAll(s *Session, prefix string) error {
	if err := sv.ready(); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(prefix), 0o755); err != nil {
		return err
	}
	if err := sv.run(s, prefix, sv.saved.Op()); err != nil {
		return err
	}
	return settle(prefix, sv.vars)
}

// settle checks the sizes of a checkpoint just written, and waits for the disk.
func settle(prefix string, vars []*Variable) error {
	index, err := readIndex(prefix)
	if err != nil {
		return err
	}
	if err := mismatches(index, vars); err != nil {
		return err
	}
	var size int64
	for _, e := range index {
		size = max(size, e.offset+e.size)
	}
	data := prefix + dataSuffix
	info, err := os.Stat(data)
	if err != nil {
		return err
	}
	if info.Size() < size {
		return fmt.Errorf("%s has %d bytes of %d: is the disk full?", data, info.Size(), size)
	}
	return errors.Join(fsync(data), fsync(prefix+indexSuffix), fsync(filepath.Dir(prefix)))
}

// fsync waits until a file or folder is on the disk.
func fsync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Restore gives the variables their saved values in s. It first compares names,
// types and shapes with the checkpoint, and reports all that do not fit; other
// variables may be in the checkpoint.
func (sv *Saver) Restore(s *Session, prefix string) error {
	if err := sv.restoreAll(s, prefix); err != nil {
		return fmt.Errorf("restore checkpoint %s: %w", prefix, err)
	}
	return nil
}

func (sv *Saver) restoreAll(s *Session, prefix string) error {
	if err := sv.ready(); err != nil {
		return err
	}
	index, err := readIndex(prefix)
	if err != nil {
		return err
	}
	if err := mismatches(index, sv.vars); err != nil {
		return err
	}
	return sv.run(s, prefix, sv.restore)
}

// mismatches lists every variable that a checkpoint does not hold as it is.
func mismatches(index map[string]IndexEntry, vars []*Variable) error {
	var problems []string
	for _, v := range vars {
		e, ok := index[v.Name]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("%s is missing", v.Name))
		case e.DType != v.DType || !slices.Equal(e.Shape, v.Shape):
			problems = append(problems, fmt.Sprintf("%s is %s %s, not %s %s", v.Name, e.DType, e.Shape, v.DType, v.Shape))
		}
	}
	if problems == nil {
		return nil
	}
	return fmt.Errorf("%d of %d variables do not fit: %s", len(problems), len(vars), strings.Join(problems, "; "))
}
