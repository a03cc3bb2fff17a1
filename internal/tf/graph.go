package tf

import (
	"fmt"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	graft "github.com/wamuir/graft/tensorflow"
)

// Graph builds one TensorFlow graph. Scope and After return views that share
// everything but the prefix of names and the control dependencies.
//
// The first error stays: later calls do nothing and return zero Outputs. A
// Graph is not safe for concurrent use, and is finished before its first run.
type Graph struct {
	*shared
	prefix string // "" or "scope/"
	after  []Op
	at     string // device of nodes; "" lets TensorFlow choose
}

// shared is what the views of one graph have in common.
type shared struct {
	graph   *graft.Graph
	err     error
	next    map[string]int  // next suffix to try, by wanted name
	roots   map[string]bool // first components of all node names
	vars    []*Variable
	byName  map[string]*Variable
	fused   []*fusedLayer // in the order of their making
	workers collectives
	device  Device // of For
}

// NewGraph returns an empty graph. Before Load its Err is ErrNotLoaded.
func NewGraph() *Graph {
	s := &shared{next: map[string]int{}, roots: map[string]bool{}, byName: map[string]*Variable{}}
	if !library.loaded.Load() {
		s.err = fmt.Errorf("build graph: %w; call tf.Load first, with a runtime that ./sslpipe runtime install cpu fetches", ErrNotLoaded)
		return &Graph{shared: s}
	}
	s.graph = graft.NewGraph()
	return &Graph{shared: s}
}

// Scope returns a view whose nodes are named "name/...", below the scopes of g.
func (g *Graph) Scope(name string) *Graph {
	return &Graph{shared: g.shared, prefix: g.prefix + strings.Trim(name, "/") + "/", after: g.after}
}

// For says on which device g is to run, before anything is built. What has no kernel on
// GPUs that gives the same bits each time is made of other operations there, or left to
// the CPU. Unless it is said, g is for the CPU.
func (g *Graph) For(device Device) { g.device = device }

// After returns a view whose nodes run only when ops, and those of g's own
// After, are done. Constants, variables and gradients are exempt.
func (g *Graph) After(ops ...Op) *Graph {
	for _, op := range ops {
		if g.err == nil && !op.in(g) {
			g.Failf("a control dependency is not an operation of this graph")
		}
	}
	return &Graph{shared: g.shared, prefix: g.prefix, after: slices.Concat(g.after, ops)}
}

// root returns the view without scope and dependencies.
func (g *Graph) root() *Graph { return &Graph{shared: g.shared} }

// Err returns the first error of whoever built on the graph.
func (g *Graph) Err() error { return g.err }

// Failf records a builder's error, unless there is an earlier one, and returns
// the zero Output.
func (g *Graph) Failf(format string, args ...any) Output {
	g.fail(fmt.Errorf(format, args...))
	return Output{}
}

func (g *Graph) fail(err error) {
	if g.err == nil {
		g.err = fmt.Errorf("build graph: %s%w", callSite(), err)
	}
}

// callSite names the nearest caller outside of this package, as "nn/layers.go:49: ".
func callSite() string {
	pc := make([]uintptr, 32)
	frames := runtime.CallersFrames(pc[:runtime.Callers(2, pc)])
	for {
		frame, more := frames.Next()
		if frame.Function != "" && !strings.Contains(frame.Function, "internal/tf.") {
			dir, file := filepath.Split(frame.File)
			return fmt.Sprintf("%s/%s:%d: ", filepath.Base(dir), file, frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// nodeName is what TensorFlow accepts.
var nodeName = regexp.MustCompile(`^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$`)

// unique makes a free node name below g's scope out of a wanted one.
func (g *Graph) unique(base string) string {
	want := g.prefix + base
	for {
		n := g.next[want]
		g.next[want]++
		name := want
		if n > 0 {
			name = fmt.Sprintf("%s_%d", want, n)
		}
		if g.graph.Operation(name) == nil {
			return name
		}
	}
}

// claim checks an exact name.
func (g *Graph) claim(name string) error {
	if !nodeName.MatchString(name) {
		return fmt.Errorf("%q is no name for a node: use letters, digits, and . _ - / after the first character", name)
	}
	if g.graph.Operation(name) != nil {
		return fmt.Errorf("there is already a node named %q", name)
	}
	root, _, _ := strings.Cut(name, "/")
	g.roots[root] = true
	return nil
}

// freeRoot reserves a first component that no node's name has.
func (g *Graph) freeRoot(base string) string {
	root := base
	for n := 1; g.roots[root]; n++ {
		root = fmt.Sprintf("%s_%d", base, n)
	}
	g.roots[root] = true
	return root
}

// add makes a node, or records why it cannot.
func (g *Graph) add(spec graft.OpSpec) *graft.Operation {
	if g.err != nil {
		return nil
	}
	if err := g.claim(spec.Name); err != nil {
		g.fail(fmt.Errorf("%s: %w", spec.Type, err))
		return nil
	}
	op, err := g.graph.AddOperation(spec)
	// graft hands the C side the memory of constants without keeping it alive.
	runtime.KeepAlive(spec.Attrs)
	if err != nil {
		g.fail(fmt.Errorf("%s %q of %s: %w", spec.Type, spec.Name, describe(spec.Input), err))
		return nil
	}
	return op
}

// describe lists the inputs of a node that could not be made.
func describe(inputs []graft.Input) string {
	var parts []string
	for _, in := range inputs {
		switch in := in.(type) {
		case graft.Output:
			parts = append(parts, fmt.Sprintf("%s %s", DType(in.DataType()), in.Shape()))
		case graft.OutputList:
			parts = append(parts, fmt.Sprintf("a list of %d", len(in)))
		}
	}
	if len(parts) == 0 {
		return "no inputs"
	}
	return strings.Join(parts, ", ")
}
