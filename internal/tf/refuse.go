package tf

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	functionpb "github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	tensorpb "github.com/wamuir/graft/tensorflow/core/framework/tensor_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// A graph is a program, and the graph of a stranger's model runs with the rights
// of whoever loads it. So a model is made of known operations, or refused:
//
//   - anywhere in its file, of the computing, the idle and the saving ones
//     (refuseOperations);
//   - in what computes an output, of the computing ones alone (foreignModel.cut for
//     models of others, checkLoading for those that TensorFlow's loader opens);
//   - in what that loader runs to restore values, of the few that our own models
//     have there (checkLoading).
//
// What is left to trust: that TensorFlow's own computing operations are sound, and
// the time and memory that a model takes, as a graph can loop without end.

// refuseOperations finds operations in a graph or in its functions that a model
// is not trusted with, and constants that are none. A function is called by the
// operations for that: one that goes by the name of an operation is refused, as its
// name says nothing of what it does.
func refuseOperations(def *graphpb.GraphDef, fileSize int) error {
	left := int64(fileSize)*bytesPerText + maxRepeated
	if err := refuse(def.GetNode(), &left); err != nil {
		return err
	}
	for _, f := range def.GetLibrary().GetFunction() {
		if err := refuse(f.GetNodeDef(), &left); err != nil {
			return fmt.Errorf("function %s: %w", f.GetSignature().GetName(), err)
		}
	}
	return nil
}

func refuse(nodes []*nodeDef, left *int64) error {
	for _, n := range nodes {
		op := n.GetOp()
		trusted := computing[op] || idle[op] || savers[op]
		if !trusted || op == "PrintV2" && strings.HasPrefix(string(n.GetAttr()["output_stream"].GetS()), "file:") {
			return fmt.Errorf("operation %s (%s) is not one of those that networks for images compute with: "+
				"it could read or write files, reach other machines or run programs, so such a model is not opened", n.GetName(), op)
		}
		for _, a := range n.GetAttr() {
			for _, x := range append(a.GetList().GetTensor(), a.GetTensor()) {
				if err := takeConstant(x, left); err != nil {
					return fmt.Errorf("operation %s (%s): %w", n.GetName(), op, err)
				}
			}
		}
	}
	return nil
}

// What the constants of a graph may take, beyond what its file spells out: a value
// that is repeated is written once, whatever the shape.
const (
	maxRepeated  = 256 << 20
	bytesPerText = 24 // of memory for a byte of the file: the least that an empty text takes
)

// takeConstant takes the size of a constant from left, which bounds all of them,
// since TensorFlow allocates it when it reads the graph.
func takeConstant(x *tensorpb.TensorProto, left *int64) error {
	if x == nil {
		return nil
	}
	size := int64(DType(x.GetDtype()).Size())
	switch x.GetDtype() {
	case typespb.DataType_DT_RESOURCE, typespb.DataType_DT_VARIANT:
		return fmt.Errorf("a constant of type %s", DType(x.GetDtype()))
	case typespb.DataType_DT_STRING:
		size = bytesPerText
	}
	size = max(size, 1)
	for _, d := range x.GetTensorShape().GetDim() {
		n := d.GetSize()
		if n < 0 || n > 0 && size > *left/n {
			return fmt.Errorf("a constant of shape %s is more than its file can hold", shapeOf(x.GetTensorShape()))
		}
		size *= n
	}
	*left -= size
	return nil
}

// refuseState finds what could not be taken along with an output that the nodes
// compute.
func refuseState(nodes []*nodeDef, inFunction bool) error {
	for _, n := range nodes {
		switch op := n.GetOp(); {
		case savers[op]:
			return fmt.Errorf("needs %s (%s), which reads or writes files: such a model is not opened", n.GetName(), op)
		case idle[op], inFunction && op == "VarHandleOp":
			return fmt.Errorf("needs %s (%s), whose value cannot be taken along: "+
				"load the model in Python and save its inference alone with TensorFlow 2", n.GetName(), op)
		}
	}
	return nil
}

// checkLoading refuses models that TensorFlow's loader would run more of than
// restoring the values of variables from the model's own files, and those with a
// signature that does more than compute.
func checkLoading(meta *corepb.MetaGraphDef) error {
	for _, name := range []string{"saved_model_main_op", "legacy_init_op", "saved_model_assets"} {
		if meta.GetCollectionDef()[name] != nil {
			return fmt.Errorf("it has %s, which would run when it is loaded", name)
		}
	}
	if _, ok := meta.GetSignatureDef()["__saved_model_init_op"]; ok || len(meta.GetAssetFileDef()) > 0 {
		return errors.New("it has an initialiser or assets, which would run when it is loaded")
	}
	nodes := make(map[string]*nodeDef, len(meta.GetGraphDef().GetNode()))
	for _, n := range meta.GetGraphDef().GetNode() {
		nodes[n.GetName()] = n
	}
	if err := checkRestoring(nodes, meta.GetSaverDef()); err != nil {
		return fmt.Errorf("restoring its values: %w", err)
	}
	return checkComputing(nodes, meta)
}

// checkRestoring follows what restores values, which is fed the prefix of the
// model's own files.
func checkRestoring(nodes map[string]*nodeDef, saver *corepb.SaverDef) error {
	if saver == nil {
		return nil
	}
	file := producer(saver.GetFilenameTensorName())
	run, err := ancestors(nodes, producer(saver.GetRestoreOpName()), map[string]bool{file: true})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(run)) {
		n := nodes[name]
		own := loading[n.GetOp()] || n.GetOp() == "RestoreV2" && len(n.GetInput()) > 0 && n.GetInput()[0] == file
		if !own {
			return fmt.Errorf("%s (%s) would run, and a model of this program has no such thing there", name, n.GetOp())
		}
	}
	return nil
}

// checkComputing follows the outputs of all signatures.
func checkComputing(nodes map[string]*nodeDef, meta *corepb.MetaGraphDef) error {
	functions := functionsByName(meta.GetGraphDef())
	for _, name := range slices.Sorted(maps.Keys(meta.GetSignatureDef())) {
		s := meta.GetSignatureDef()[name]
		inputs := map[string]bool{}
		for _, in := range s.GetInputs() {
			inputs[producer(in.GetName())] = true
		}
		for _, output := range slices.Sorted(maps.Keys(s.GetOutputs())) {
			err := checkOutput(nodes, functions, producer(s.GetOutputs()[output].GetName()), inputs)
			if err != nil {
				return fmt.Errorf("signature %s: output %s %w", name, output, err)
			}
		}
	}
	return nil
}

func checkOutput(nodes map[string]*nodeDef, functions map[string]*functionpb.FunctionDef, from string, inputs map[string]bool) error {
	run, err := ancestors(nodes, from, inputs)
	if err != nil {
		return err
	}
	var used []*nodeDef
	for _, name := range slices.Sorted(maps.Keys(run)) {
		used = append(used, nodes[name])
	}
	err = refuseState(used, false)
	for _, f := range slices.Sorted(maps.Keys(calledFunctions(used, functions))) {
		if err == nil {
			err = refuseState(functions[f].GetNodeDef(), true)
		}
	}
	return err
}

func functionsByName(def *graphpb.GraphDef) map[string]*functionpb.FunctionDef {
	functions := map[string]*functionpb.FunctionDef{}
	for _, f := range def.GetLibrary().GetFunction() {
		functions[f.GetSignature().GetName()] = f
	}
	return functions
}

// calledFunctions returns the functions that nodes call, and those that these
// call, and so on.
func calledFunctions(nodes []*nodeDef, functions map[string]*functionpb.FunctionDef) map[string]bool {
	called := map[string]bool{}
	for pending := calledBy(nodes); len(pending) > 0; {
		name := pending[0]
		pending = pending[1:]
		if f := functions[name]; f != nil && !called[name] {
			called[name] = true
			pending = append(pending, calledBy(f.GetNodeDef())...)
		}
	}
	return called
}

// calledBy returns the names of the functions that nodes call.
func calledBy(nodes []*nodeDef) []string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.GetOp()) // a function's name can be an operation
		for _, a := range n.GetAttr() {
			names = append(names, functionsIn(a)...)
		}
	}
	return names
}

func functionsIn(a *attrpb.AttrValue) []string {
	var names []string
	for _, f := range slices.Concat(a.GetList().GetFunc(), []*attrpb.NameAttrList{a.GetFunc()}) {
		if f != nil {
			names = append(names, f.GetName())
			for _, inner := range f.GetAttr() {
				names = append(names, functionsIn(inner)...)
			}
		}
	}
	return names
}
