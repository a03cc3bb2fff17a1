package tf

import (
	"maps"
	"slices"

	opspb "github.com/wamuir/graft/tensorflow/core/framework/op_def_go_proto"
)

// Operations lists the library's operations by name.
func Operations() (map[string]*opspb.OpDef, error) {
	list, err := opList()
	if err != nil {
		return nil, err
	}
	ops := map[string]*opspb.OpDef{}
	for _, op := range list.GetOp() {
		ops[op.GetName()] = op
	}
	return ops, nil
}

// UseOf tells which list an operation is in; an empty text is none.
func UseOf(op string) string {
	for name, set := range map[string]map[string]bool{"computing": computing, "savers": savers, "idle": idle} {
		if set[op] {
			return name
		}
	}
	return ""
}

// ListedOperations lists all operations that a model may contain.
func ListedOperations() []string {
	return slices.Concat(slices.Collect(maps.Keys(computing)), slices.Collect(maps.Keys(savers)), slices.Collect(maps.Keys(idle)))
}
