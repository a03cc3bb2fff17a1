package tf_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	tensorpb "github.com/wamuir/graft/tensorflow/core/framework/tensor_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// What TensorFlow's Python writes of models that do more than compute, in functions
// that branches and loops call, is refused with the operation, before TensorFlow
// sees it.
func TestHostileModels(t *testing.T) {
	for name, op := range map[string]string{
		"write_file":    "WriteFile",
		"write_in_loop": "WriteFile",
		"read_file":     "ReadFile",
		"list_files":    "MatchingFiles",
		"python":        "EagerPyFunc",
		"print_to_file": "PrintV2",
		"dataset":       "TextLineDataset",
		"summary":       "SummaryWriter",
		// Its initialiser reads the file that it names; a table from it is not known.
		"table_from_file": "InitializeTableFromTextFileV2",
	} {
		dir := filepath.Join("testdata/hostile", name)
		_, err := tf.Inspect(dir)
		wantError(t, err, "inspect SavedModel "+dir, "("+op+") is not one of those that networks for images compute with")
		wantError(t, tf.AttachHead(dir, filepath.Join(t.TempDir(), "m"), tf.HeadOptions{}), "("+op+")")
	}
}

// What reads files to compute is refused where an output needs it: every model has
// the operation, to be loaded by.
func TestHostileRestore(t *testing.T) {
	tftest.Load(t)
	dir := "testdata/hostile/restore"
	err := tf.AttachHead(dir, filepath.Join(t.TempDir(), "m"), tf.HeadOptions{})
	wantError(t, err, "signature serving_default: output features needs RestoreV2 (RestoreV2), which reads or writes files")
}

// Loops and branches as such are welcome.
func TestLoopingModel(t *testing.T) {
	tftest.Load(t)
	to := filepath.Join(t.TempDir(), "m")
	if err := tf.AttachHead("testdata/hostile/loop", to, tf.HeadOptions{}); err != nil {
		t.Fatal(err)
	}
	images := make([]float32, 2*4*4*3)
	for i := range images {
		images[i] = 1
		if i >= len(images)/2 {
			images[i] = -2
		}
	}
	x, err := tf.FromFloat32s(images, 2, 4, 4, 3)
	if err != nil {
		t.Fatal(err)
	}
	// |mean| times 2, plus 1, three times over, and times 1, 2, 3.
	if got := call(t, to, "features", x)["features"]; !slices.Equal(got, []float32{15, 30, 45, 23, 46, 69}) {
		t.Errorf("the features are %v", got)
	}
}

// The loader of TensorFlow runs what a model of our shape tells it to, so it gets
// only what our models have.
func TestLoadModelRefuses(t *testing.T) {
	tftest.Load(t)
	named := func(m *corepb.MetaGraphDef, name string) *nodepb.NodeDef {
		for _, n := range m.GetGraphDef().GetNode() {
			if n.GetName() == name {
				return n
			}
		}
		t.Fatalf("there is no node %s", name)
		return nil
	}
	for want, change := range map[string]func(m *corepb.MetaGraphDef){
		"restoring its values: hidden (SaveV2) would run": func(m *corepb.MetaGraphDef) {
			addNode(m, &nodepb.NodeDef{Name: "hidden", Op: "SaveV2"})
			n := named(m, m.GetSaverDef().GetRestoreOpName())
			n.Input = append(n.Input, "^hidden")
		},
		"(RestoreV2) would run": func(m *corepb.MetaGraphDef) { // of other files
			addNode(m, &nodepb.NodeDef{Name: "elsewhere", Op: "Const"})
			for _, n := range m.GetGraphDef().GetNode() {
				if n.GetOp() == "RestoreV2" {
					n.Input[0] = "elsewhere"
				}
			}
		},
		"restoring its values: save/call (PartitionedCall) would run": func(m *corepb.MetaGraphDef) {
			addNode(m, &nodepb.NodeDef{Name: "save/call", Op: "PartitionedCall"})
			n := named(m, m.GetSaverDef().GetRestoreOpName())
			n.Input = append(n.Input, "^save/call")
		},
		"it has an initialiser or assets": func(m *corepb.MetaGraphDef) {
			m.SignatureDef["__saved_model_init_op"] = &corepb.SignatureDef{Outputs: serving(m).Outputs}
		},
		"it has saved_model_main_op": func(m *corepb.MetaGraphDef) {
			m.CollectionDef["saved_model_main_op"] = &corepb.CollectionDef{}
		},
		"assets, which would run": func(m *corepb.MetaGraphDef) {
			m.AssetFileDef = []*corepb.AssetFileDef{{Filename: "../../secret"}}
		},
		"signature serve: output logits needs save/SaveV2 (SaveV2), which reads or writes files": func(m *corepb.MetaGraphDef) {
			n := named(m, "logits")
			n.Input = append(n.Input, "^save/SaveV2")
			addNode(m, &nodepb.NodeDef{Name: "unfed", Op: "Const"})
			named(m, "save/SaveV2").Input[0] = "unfed"
		},
		"operation w (WriteFile)": func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "w", Op: "WriteFile"}) },
	} {
		dir, _, _ := exported(t)
		alter(t, dir, change)
		_, err := tf.LoadModel(dir, tf.SessionOptions{})
		wantError(t, err, "load SavedModel "+dir, want)
	}
	dir, _, _ := exported(t)
	chunked := filepath.Join(dir, "saved_model.cpb")
	if err := os.Symlink("nowhere", chunked); err != nil {
		t.Fatal(err)
	}
	_, err := tf.LoadModel(dir, tf.SessionOptions{})
	wantError(t, err, "it has saved_model.cpb beside saved_model.pb")
	if err := os.Remove(chunked); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(dir, "variables/variables.data-00000-of-00001"), 8); err != nil {
		t.Fatal(err)
	}
	_, err = tf.LoadModel(dir, tf.SessionOptions{})
	wantError(t, err, "it is damaged", "its files have 8")
}

// A constant can be written once for a shape of any size; TensorFlow would allocate
// all of it when it reads the graph.
func TestInspectRefusesConstants(t *testing.T) {
	constant := func(dt typespb.DataType, dims ...int64) func(m *corepb.MetaGraphDef) {
		return func(m *corepb.MetaGraphDef) {
			x := &tensorpb.TensorProto{Dtype: dt, TensorShape: shaped(dims...), FloatVal: []float32{1}}
			addNode(m, &nodepb.NodeDef{Name: "c", Op: "Const", Attr: map[string]*attrpb.AttrValue{
				"value": {Value: &attrpb.AttrValue_Tensor{Tensor: x}},
			}})
		}
	}
	for want, change := range map[string]func(m *corepb.MetaGraphDef){
		"constant of shape [1000000, 1000000]":             constant(typespb.DataType_DT_FLOAT, 1e6, 1e6),
		"constant of shape [4611686018427387904, 4]":       constant(typespb.DataType_DT_FLOAT, 1<<62, 4),
		"constant of shape [20000000] is":                  constant(typespb.DataType_DT_STRING, 2e7),
		"constant of shape [?] is":                         constant(typespb.DataType_DT_INT32, -1),
		"operation c (Const): a constant of type resource": constant(typespb.DataType_DT_RESOURCE),
	} {
		_, err := tf.Inspect(altered(t, change))
		wantError(t, err, want)
	}
	if _, err := tf.Inspect(altered(t, constant(typespb.DataType_DT_FLOAT, 1000, 1000))); err != nil {
		t.Errorf("a repeated constant of 4 MB is refused: %v", err)
	}
}

// A pipe in the place of a file would be read for ever.
func TestModelFilesThatAreNone(t *testing.T) {
	tftest.Load(t)
	for _, name := range []string{"saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001"} {
		dir := altered(t, func(*corepb.MetaGraphDef) {})
		file := filepath.Join(dir, name)
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Mkfifo(file, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := tf.ModelVariables(dir)
		if name == "saved_model.pb" {
			_, err = tf.Inspect(dir)
		}
		wantError(t, err, filepath.Base(name)+": it is not a file")
	}
}

// reaching matches the names of operations that have to do with more than numbers.
var reaching = regexp.MustCompile(`File|Reader|Writer|Save|Restore|Send|Recv|Rpc|Py|Dataset|Iterator|Collective|Nccl|` +
	`Summary|Debug|TPU|Xla|Remote|Table|Queue|Barrier|Abort|Session|Sleep|Lookup|Immutable|Mlir|Handle$|Lite|Custom`)

// The lists of operations are those of the library, and no operation with a state
// or with a name that tells of more gets among the computing ones unseen.
func TestComputingOperations(t *testing.T) {
	tftest.Load(t)
	known, err := tf.Operations()
	if err != nil {
		t.Fatal(err)
	}
	var stateful []string
	refused := 0
	for name, op := range known {
		use := tf.UseOf(name)
		switch {
		case use == "":
			refused++
		case use == "computing" && op.GetIsStateful():
			stateful = append(stateful, name)
		}
		if use == "computing" && reaching.MatchString(name) {
			t.Errorf("%s is among the computing operations", name)
		}
	}
	slices.Sort(stateful)
	// Variables, functions that are looked at, and what only tells or stops.
	want := strings.Fields(`Assert Case CheckNumerics CheckNumericsV2 If Print PrintV2 ReadVariableOp ResourceGather
		ResourceGatherNd StatefulPartitionedCall StatelessRandomGetAlg VarHandleOp VariableShape While`)
	if !slices.Equal(stateful, want) {
		t.Errorf("computing operations with a state: %v, want %v", stateful, want)
	}
	for _, name := range tf.ListedOperations() {
		if known[name] == nil {
			t.Errorf("the library has no %s", name)
		}
	}
	t.Logf("%d of %d operations are refused", refused, len(known))
}
