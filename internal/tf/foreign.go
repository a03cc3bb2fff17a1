package tf

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	functionpb "github.com/wamuir/graft/tensorflow/core/framework/function_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	variablepb "github.com/wamuir/graft/tensorflow/core/framework/variable_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"
)

// foreignModel is the part of anybody's SavedModel that computes one output from
// one input, taken out of its file: no session of it ever starts, so neither its
// initialiser nor its restoring function runs. The latter would not do in any
// case: where tf.saved_model.save wrote a Keras 3 model, it restores other
// variables than the signatures read, and only Python's loader, which goes by the
// objects, gets a model that works.
type foreignModel struct {
	call  ImageCall
	def   *graphpb.GraphDef
	vars  []foreignVariable
	input string // the name of the placeholder, which def lacks
}

// foreignVariable is a variable of a foreign model.
type foreignVariable struct {
	node, name string // in its graph, and in ours
	key        string // in its checkpoint
	trainable  bool
}

// openForeign reads a model's graph for one call. The names of its variables are
// Keras's, where they are unique.
func openForeign(info *ModelInfo, call ImageCall, c *checkpoint) (*foreignModel, error) {
	m := &foreignModel{call: call}
	if err := m.cut(proto.CloneOf(info.meta.GetGraphDef())); err != nil {
		return nil, fmt.Errorf("signature %s: %w", call.Signature, err)
	}
	if err := m.findVariables(info.meta, c); err != nil {
		return nil, err
	}
	m.rename()
	return m, nil
}

// cut keeps what the output needs.
func (m *foreignModel) cut(def *graphpb.GraphDef) error {
	nodes := make(map[string]*nodeDef, len(def.GetNode()))
	for _, n := range def.GetNode() {
		nodes[n.GetName()] = n
	}
	m.input = producer(m.call.Input.tensor)
	if op := nodes[m.input].GetOp(); op != "Placeholder" && op != "PlaceholderWithDefault" {
		return fmt.Errorf("input %s is made by %q of the graph, and not fed", m.call.Input.Name, op)
	}
	wanted, err := ancestors(nodes, producer(m.call.Output.tensor), map[string]bool{m.input: true})
	if err != nil {
		return fmt.Errorf("output %s %w", m.call.Output.Name, err)
	}
	def.Node = slices.DeleteFunc(def.Node, func(n *nodeDef) bool { return !wanted[n.GetName()] })
	for _, n := range def.GetNode() {
		n.Device = ""
		delete(n.GetAttr(), "_class") // may ask to be beside a node that is gone
		n.Input = slices.DeleteFunc(n.Input, func(in string) bool { return in == "^"+m.input })
	}
	if def.GetLibrary() == nil {
		def.Library = &functionpb.FunctionDefLibrary{}
	}
	called := calledFunctions(def.GetNode(), functionsByName(def))
	def.Library.Function = slices.DeleteFunc(def.GetLibrary().GetFunction(), func(f *functionpb.FunctionDef) bool {
		return !called[f.GetSignature().GetName()]
	})
	m.def = def
	return m.checkState()
}

// checkState refuses what would not work, or not be safe, once it is on its own.
func (m *foreignModel) checkState() error {
	err := refuseState(m.def.GetNode(), false)
	for _, f := range m.def.GetLibrary().GetFunction() {
		if err == nil {
			err = refuseState(f.GetNodeDef(), true)
		}
	}
	if err != nil {
		return fmt.Errorf("output %s %w", m.call.Output.Name, err)
	}
	return nil
}

// findVariables connects the handles in the graph with the checkpoint: by the
// objects that a function's last arguments stand for, or by name.
func (m *foreignModel) findVariables(meta *corepb.MetaGraphDef, c *checkpoint) error {
	objects := boundObjects(m.def.GetNode(), meta.GetObjectGraphDef())
	trainable := trainableNames(meta)
	for _, n := range m.def.GetNode() {
		if n.GetOp() != "VarHandleOp" {
			continue
		}
		name := n.GetName()
		v := foreignVariable{node: name, name: name, key: name, trainable: trainable[name]}
		if id, ok := objects[name]; ok {
			o := meta.GetObjectGraphDef().GetNodes()[id].GetVariable()
			v.name, v.key, v.trainable = o.GetName(), c.keyOf(id, o.GetName()), o.GetTrainable()
		}
		if _, ok := c.index[v.key]; !ok {
			return fmt.Errorf("the checkpoint has no value for the variable %s", v.name)
		}
		m.vars = append(m.vars, v)
	}
	return nil
}

// boundObjects returns the numbers of the variables' objects by the names of the
// handles: a function's captured variables are its last arguments, in the order
// of the objects that the function lists.
func boundObjects(nodes []*nodeDef, objects *corepb.SavedObjectGraph) map[string]int {
	found := map[string]int{}
	for _, n := range nodes {
		inputs := slices.DeleteFunc(slices.Clone(n.GetInput()), func(in string) bool { return strings.HasPrefix(in, "^") })
		for _, f := range calledBy([]*nodeDef{n}) {
			bound := objects.GetConcreteFunctions()[f].GetBoundInputs()
			if len(bound) > len(inputs) {
				continue
			}
			for i, in := range inputs[len(inputs)-len(bound):] {
				id := int(bound[i])
				if id >= 0 && id < len(objects.GetNodes()) && objects.GetNodes()[id].GetVariable() != nil {
					found[producer(in)] = id
				}
			}
		}
	}
	return found
}

// keyOf finds the key of the object with a number and name, or of the only
// object with that name: the numbers are the same when one call wrote both files.
func (c *checkpoint) keyOf(id int, name string) string {
	var named []string
	for i, o := range c.objects {
		for _, a := range o.GetAttributes() {
			if a.GetFullName() != name {
				continue
			}
			if i == id {
				return a.GetCheckpointKey()
			}
			named = append(named, a.GetCheckpointKey())
		}
	}
	if len(named) == 1 {
		return named[0]
	}
	return ""
}

// rename gives the variables' nodes the names of the variables, so that the new
// model's checkpoint has them for keys.
func (m *foreignModel) rename() {
	taken := map[string]bool{m.input: true}
	for _, n := range m.def.GetNode() {
		taken[n.GetName()] = true
	}
	names := map[string]string{}
	for i, v := range m.vars {
		if v.name != v.node && (taken[v.name] || !nodeName.MatchString(v.name)) {
			m.vars[i].name = v.node
		}
		taken[m.vars[i].name] = true
		names[v.node] = m.vars[i].name
	}
	for _, n := range m.def.GetNode() {
		for i, in := range n.GetInput() {
			if name, ok := names[producer(in)]; ok {
				n.Input[i] = strings.Replace(in, producer(in), name, 1)
			}
		}
		if name, ok := names[n.GetName()]; ok {
			n.Name = name
			if n.Attr == nil {
				n.Attr = map[string]*attrpb.AttrValue{}
			}
			// The kernel knows a variable by this alone.
			n.Attr["shared_name"] = stringAttr(name)
			delete(n.Attr, "container")
		}
	}
}

func stringAttr(s string) *attrpb.AttrValue {
	return &attrpb.AttrValue{Value: &attrpb.AttrValue_S{S: []byte(s)}}
}

// trainableNames lists the variables that a model without objects says are
// trained.
func trainableNames(meta *corepb.MetaGraphDef) map[string]bool {
	names := map[string]bool{}
	for _, raw := range meta.GetCollectionDef()["trainable_variables"].GetBytesList().GetValue() {
		var v variablepb.VariableDef
		if proto.Unmarshal(raw, &v) == nil {
			names[producer(v.GetVariableName())] = true
		}
	}
	return names
}
