package tf

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"

	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
)

// OpTraffic is what an operation reads and writes when it runs once.
type OpTraffic struct {
	Name, Type    string
	Read, Written int64 // bytes of its inputs, and of its outputs
}

// still are operations that hand on what is there, without touching it.
var still = map[string]bool{
	"Const": true, "Placeholder": true, "VarHandleOp": true, "ReadVariableOp": true, "Identity": true, "Reshape": true,
	"ExpandDims": true, "Squeeze": true, "StopGradient": true, "Shape": true, "ShapeN": true, "Rank": true, "Size": true,
	"NoOp": true, "BroadcastGradientArgs": true,
}

// Traffic returns the bytes that every operation moves in a run of fetches and
// targets, from static shapes: each reads all of its inputs and writes all of its
// outputs once, variables that it changes included, as if no cache kept anything
// from one operation to the next. What hands on without touching is left out.
// Tensors whose shape is open count as nothing: those of a training step with a
// fixed batch are empty.
func (g *Graph) Traffic(fetches []Output, targets ...Op) ([]OpTraffic, error) {
	if g.err != nil {
		return nil, g.err
	}
	var raw bytes.Buffer
	if _, err := g.graph.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("count traffic: %w", err)
	}
	def := &graphpb.GraphDef{}
	if err := proto.Unmarshal(raw.Bytes(), def); err != nil {
		return nil, fmt.Errorf("count traffic: %w", err)
	}
	w := walk{g: g, nodes: map[string]*nodepb.NodeDef{}, seen: map[string]bool{}}
	for _, n := range def.GetNode() {
		w.nodes[n.GetName()] = n
	}
	for _, o := range fetches {
		w.visit(o.Op().Name())
	}
	for _, o := range targets {
		w.visit(o.Name())
	}
	return w.found, nil
}

// walk goes through all that a run needs.
type walk struct {
	g     *Graph
	nodes map[string]*nodepb.NodeDef
	seen  map[string]bool
	found []OpTraffic
}

func (w *walk) visit(name string) {
	n := w.nodes[name]
	if n == nil || w.seen[name] {
		return
	}
	w.seen[name] = true
	t := OpTraffic{Name: name, Type: n.GetOp()}
	for _, input := range n.GetInput() {
		if control, ok := strings.CutPrefix(input, "^"); ok {
			w.visit(control)
			continue
		}
		from, index, _ := strings.Cut(input, ":")
		w.visit(from)
		i, _ := strconv.Atoi(index) // none is 0
		size, changed := w.size(from, i)
		t.Read += size
		if changed {
			t.Written += size
		}
	}
	if still[t.Type] {
		return
	}
	if op := w.g.graph.Operation(name); op != nil {
		for i := range op.NumOutputs() {
			size, _ := w.size(name, i)
			t.Written += size
		}
	}
	w.found = append(w.found, t)
}

// size is the bytes of an output of a node; of a variable's handle, those of the
// variable, which whoever takes it changes.
func (w *walk) size(name string, i int) (bytes int64, variable bool) {
	if n := w.nodes[name]; n.GetOp() == "VarHandleOp" {
		for _, v := range w.g.vars {
			if v.Name == name {
				return elementsOf(v.Shape) * int64(v.DType.Size()), true
			}
		}
		return 0, true
	}
	op := w.g.graph.Operation(name)
	if op == nil || i >= op.NumOutputs() {
		return 0, false
	}
	o := Output{out: op.Output(i), of: w.g.shared}
	if s := o.Shape(); s.known() {
		return elementsOf(s) * int64(o.DType().Size()), false
	}
	return 0, false
}
