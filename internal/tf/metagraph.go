package tf

// #include "tensorflow/c/c_api.h"
import "C"

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"unsafe"

	"google.golang.org/protobuf/proto"

	graft "github.com/wamuir/graft/tensorflow"
	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	opspb "github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
	shapepb "github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	variablepb "github.com/wamuir/graft/tensorflow/core/framework/variable_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

type nodeDef = nodepb.NodeDef

// producer returns the node that an input of a NodeDef ("a", "a:1", "^a") names.
func producer(input string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(input, "^"), ":")
	return name
}

func rootOf(name string) string {
	root, _, _ := strings.Cut(name, "/")
	return root
}

// needed returns the names of the nodes between the inputs and the outputs of
// signatures.
func needed(def *graphpb.GraphDef, signatures []Signature) (map[string]bool, error) {
	nodes := make(map[string]*nodeDef, len(def.GetNode()))
	for _, n := range def.GetNode() {
		nodes[n.GetName()] = n
	}
	all := map[string]bool{}
	for _, s := range signatures {
		inputs := map[string]bool{}
		for _, o := range s.Inputs {
			inputs[o.out.Op.Name()] = true
		}
		for name, o := range s.Outputs {
			below, err := ancestors(nodes, o.out.Op.Name(), inputs)
			if err != nil {
				return nil, fmt.Errorf("signature %s: output %s %w", s.Name, name, err)
			}
			maps.Copy(all, below)
		}
		maps.Copy(all, inputs)
	}
	return all, nil
}

// ancestors returns the nodes that a node depends on, and itself, up to the
// inputs. Other placeholders could not be fed.
func ancestors(nodes map[string]*nodeDef, from string, inputs map[string]bool) (map[string]bool, error) {
	seen := map[string]bool{}
	for pending := []string{from}; len(pending) > 0; {
		at := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		if seen[at] || inputs[at] {
			continue
		}
		seen[at] = true
		if nodes[at].GetOp() == "Placeholder" {
			return nil, fmt.Errorf("depends on the placeholder %s, which is not an input", at)
		}
		for _, input := range nodes[at].GetInput() {
			pending = append(pending, producer(input))
		}
	}
	return seen, nil
}

// metaGraph describes m as readers of SavedModels expect.
func metaGraph(m *model, signatures []Signature) (*corepb.MetaGraphDef, error) {
	def, err := graphDef(m.Graph)
	if err != nil {
		return nil, err
	}
	if err := plain(def); err != nil {
		return nil, err
	}
	meta := &corepb.MetaGraphDef{
		MetaInfoDef: &corepb.MetaGraphDef_MetaInfoDef{
			Tags: []string{serveTag}, TensorflowVersion: Version(), StrippedDefaultAttrs: true,
		},
		GraphDef: def,
		SaverDef: &corepb.SaverDef{
			FilenameTensorName: m.saver.file.Name(),
			SaveTensorName:     m.saver.saved.Name(),
			RestoreOpName:      m.saver.restore.Name(),
			MaxToKeep:          5,
			Version:            corepb.SaverDef_V2,
		},
		SignatureDef: map[string]*corepb.SignatureDef{},
	}
	if meta.CollectionDef, err = m.collections(); err != nil {
		return nil, err
	}
	for _, s := range signatures {
		meta.SignatureDef[s.Name] = &corepb.SignatureDef{
			Inputs: tensorInfos(s.Inputs), Outputs: tensorInfos(s.Outputs),
			MethodName: "tensorflow/serving/predict", //nolint:staticcheck // TensorFlow writes it still, and older Serving checks it
		}
	}
	return meta, nil
}

// plain removes what only the writing library needs to know: devices, and
// attributes at their defaults, which older readers may not know.
func plain(def *graphpb.GraphDef) error {
	ops, err := opList()
	if err != nil {
		return err
	}
	defaults := map[string]map[string]*attrpb.AttrValue{}
	for _, op := range ops.GetOp() {
		attrs := map[string]*attrpb.AttrValue{}
		for _, a := range op.GetAttr() {
			if a.GetDefaultValue() != nil {
				attrs[a.GetName()] = a.GetDefaultValue()
			}
		}
		defaults[op.GetName()] = attrs
	}
	for _, n := range def.GetNode() {
		n.Device = ""
		for name, value := range n.GetAttr() {
			if d, ok := defaults[n.GetOp()][name]; ok && proto.Equal(d, value) {
				delete(n.Attr, name)
			}
		}
	}
	return nil
}

// opList returns the definitions of all operations in the library.
func opList() (*opspb.OpList, error) {
	buffer := C.TF_GetAllOpList()
	defer C.TF_DeleteBuffer(buffer)
	list := new(opspb.OpList)
	if err := proto.Unmarshal(unsafe.Slice((*byte)(buffer.data), int(buffer.length)), list); err != nil {
		return nil, fmt.Errorf("read the list of operations: %w", err)
	}
	return list, nil
}

// collections lists the variables. Without these lists Python finds none, and
// converters write models without weights.
func (m *model) collections() (map[string]*corepb.CollectionDef, error) {
	var all, trainable [][]byte
	for _, v := range m.vars {
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&variablepb.VariableDef{
			VariableName: v.handle.Name(),
			// The restoring node initialises; this field only has to name a node.
			InitializerName: m.noop.Name(),
			SnapshotName:    v.read.Name(),
			IsResource:      true,
			Trainable:       v.Trainable,
		})
		if err != nil {
			return nil, err
		}
		all = append(all, raw)
		if v.Trainable {
			trainable = append(trainable, raw)
		}
	}
	collections := map[string]*corepb.CollectionDef{"variables": bytesList(all)}
	if trainable != nil {
		collections["trainable_variables"] = bytesList(trainable)
	}
	return collections, nil
}

func bytesList(values [][]byte) *corepb.CollectionDef {
	return &corepb.CollectionDef{Kind: &corepb.CollectionDef_BytesList_{BytesList: &corepb.CollectionDef_BytesList{Value: values}}}
}

func tensorInfos(outputs map[string]Output) map[string]*corepb.TensorInfo {
	infos := make(map[string]*corepb.TensorInfo, len(outputs))
	for name, o := range outputs {
		shape := &shapepb.TensorShapeProto{UnknownRank: o.Shape() == nil}
		for _, d := range o.Shape() {
			shape.Dim = append(shape.Dim, &shapepb.TensorShapeProto_Dim{Size: d})
		}
		infos[name] = &corepb.TensorInfo{
			Encoding: &corepb.TensorInfo_Name{Name: o.Name()}, Dtype: typespb.DataType(o.DType()), TensorShape: shape,
		}
	}
	return infos
}

// resolve finds the tensors ("node:0") that a loaded signature names.
func (g *Graph) resolve(infos map[string]graft.TensorInfo) (map[string]Output, error) {
	outputs := make(map[string]Output, len(infos))
	for key, info := range infos {
		node, index, _ := strings.Cut(info.Name, ":")
		op := g.graph.Operation(node)
		n, err := strconv.Atoi(index)
		if op == nil || err != nil || n < 0 || n >= op.NumOutputs() {
			return nil, fmt.Errorf("%s is tensor %q, which the graph does not have", key, info.Name)
		}
		outputs[key] = Output{out: op.Output(n), of: g.shared}
	}
	return outputs, nil
}
