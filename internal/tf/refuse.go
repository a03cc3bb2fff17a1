package tf

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
)

// A graph is a program, and the graph of a stranger's model runs with the rights
// of whoever loads it. No network for images needs one of these.
var (
	// foreignHands are operations that reach beyond the session: to files, to
	// other machines, to Python.
	foreignHands = regexp.MustCompile(`^(ReadFile|WriteFile|MatchingFiles|ImmutableConst|` +
		`PyFunc|PyFuncStateless|EagerPyFunc|` +
		`CreateSummary(File|Db)Writer|Debug(Identity|NanCount|NumericSummary)(V2|V3)?|` +
		`\w*Reader(V2)?|\w*Dataset(V[0-9])?|\w*Rpc\w*)$`)
	// savers are in every model, since it is loaded by them. They have no place
	// in what computes an output.
	savers = regexp.MustCompile(`^(Save|SaveSlices|SaveV2|Restore|RestoreSlice|RestoreV2|ShardedFilename|MergeV2Checkpoints)$`)
)

// refuseOperations finds operations in a graph or in its functions that a model
// is not trusted with.
func refuseOperations(def *graphpb.GraphDef) error {
	if err := refuse(def.GetNode(), foreignHands); err != nil {
		return err
	}
	for _, f := range def.GetLibrary().GetFunction() {
		if err := refuse(f.GetNodeDef(), foreignHands); err != nil {
			return fmt.Errorf("function %s: %w", f.GetSignature().GetName(), err)
		}
	}
	return nil
}

func refuse(nodes []*nodeDef, untrusted *regexp.Regexp) error {
	for _, n := range nodes {
		op := n.GetOp()
		if untrusted.MatchString(op) || op == "PrintV2" && strings.HasPrefix(string(n.GetAttr()["output_stream"].GetS()), "file:") {
			return fmt.Errorf("operation %s (%s) could read or write files or run other programs: such a model is not opened", n.GetName(), op)
		}
	}
	return nil
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
