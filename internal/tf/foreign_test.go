package tf_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	attrpb "github.com/wamuir/graft/tensorflow/core/framework/attr_value_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	shapepb "github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// altered copies the tiny model, changes its graph and returns the copy's folder.
func altered(t *testing.T, change func(m *corepb.MetaGraphDef)) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(keras)); err != nil {
		t.Fatal(err)
	}
	alter(t, dir, change)
	return dir
}

// alter changes the graph of the model in dir.
func alter(t *testing.T, dir string, change func(m *corepb.MetaGraphDef)) {
	t.Helper()
	file := filepath.Join(dir, "saved_model.pb")
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var saved corepb.SavedModel
	if err := proto.Unmarshal(raw, &saved); err != nil {
		t.Fatal(err)
	}
	change(saved.GetMetaGraphs()[0])
	if raw, err = proto.Marshal(&saved); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, raw, 0o644); err != nil {
		t.Fatal(err)
	}
}

const keras = "testdata/keras_tiny/export"

func serving(m *corepb.MetaGraphDef) *corepb.SignatureDef {
	return m.GetSignatureDef()["serving_default"]
}

// only returns the only value of a map.
func only[T any](m map[string]T) T {
	for _, v := range m {
		return v
	}
	panic("empty map")
}

func addNode(m *corepb.MetaGraphDef, n *nodepb.NodeDef) { m.GraphDef.Node = append(m.GraphDef.Node, n) }

// inFunction adds a node to the function that computes everything.
func inFunction(m *corepb.MetaGraphDef, op string) {
	for _, f := range m.GetGraphDef().GetLibrary().GetFunction() {
		if len(f.GetNodeDef()) > 3 && !strings.Contains(f.GetSignature().GetName(), "traced") {
			f.NodeDef = append(f.NodeDef, &nodepb.NodeDef{Name: "hidden", Op: op})
		}
	}
}

func TestInspect(t *testing.T) {
	info, err := tf.Inspect(keras)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range info.Signatures {
		got = append(got, s.Name, s.Inputs[0].String(), s.Outputs[0].String())
	}
	want := []string{"serve", "keras_tensor float32 [?, 8, 8, 3]", "output_0 float32 [?, 4]",
		"serving_default", "keras_tensor float32 [?, 8, 8, 3]", "output_0 float32 [?, 4]"}
	if !slices.Equal(got, want) {
		t.Errorf("the signatures are %q", got)
	}
	call, err := info.ImageCall("", "")
	if err != nil || call.Signature != "serving_default" || call.Output.Name != "output_0" {
		t.Errorf("chosen: %+v, %v", call, err)
	}
	// Of ours "features" comes first, whatever other signatures there are.
	dir, _, _ := exported(t)
	if info, err = tf.Inspect(dir); err != nil {
		t.Fatal(err)
	}
	if call, err = info.ImageCall("", ""); err != nil || call.Signature != "features" || call.Output.String() != "features float32 [?, 8]" {
		t.Errorf("chosen of ours: %+v, %v", call, err)
	}
}

func TestInspectRefuses(t *testing.T) {
	empty := t.TempDir()
	_, err := tf.Inspect(empty)
	wantError(t, err, "inspect SavedModel", "saved_model.pb: no such file")
	if err := os.WriteFile(filepath.Join(empty, "saved_model.pb"), []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = tf.Inspect(empty)
	wantError(t, err, "inspect SavedModel")
	stream := func(to string) map[string]*attrpb.AttrValue {
		return map[string]*attrpb.AttrValue{"output_stream": {Value: &attrpb.AttrValue_S{S: []byte(to)}}}
	}
	for want, change := range map[string]func(m *corepb.MetaGraphDef){
		`no graph with the tag "serve" alone; it has ["serve+gpu"]`: func(m *corepb.MetaGraphDef) { m.MetaInfoDef.Tags = []string{"serve", "gpu"} },
		"no signature": func(m *corepb.MetaGraphDef) { clear(m.SignatureDef) },
		"operation w (WriteFile) is not one of those that networks for images compute with": func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "w", Op: "WriteFile"}) },
		"operation p (PrintV2)": func(m *corepb.MetaGraphDef) {
			addNode(m, &nodepb.NodeDef{Name: "p", Op: "PrintV2", Attr: stream("file:///tmp/x")})
		},
		"operation py (EagerPyFunc)":      func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "py", Op: "EagerPyFunc"}) },
		"operation d (TFRecordDatasetV2)": func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "d", Op: "TFRecordDatasetV2"}) },
		"operation x (NoSuchOperation)":   func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "x", Op: "NoSuchOperation"}) },
		"operation s (_Send)":             func(m *corepb.MetaGraphDef) { addNode(m, &nodepb.NodeDef{Name: "s", Op: "_Send"}) },
		"operation f (__inference_f)": func(m *corepb.MetaGraphDef) { // a function by its name alone
			addNode(m, &nodepb.NodeDef{Name: "f", Op: "__inference_f"})
		},
		"operation hidden (ReadFile)": func(m *corepb.MetaGraphDef) { inFunction(m, "ReadFile") },
	} {
		_, err := tf.Inspect(altered(t, change))
		wantError(t, err, want)
	}
	if _, err := tf.Inspect(altered(t, func(m *corepb.MetaGraphDef) {
		addNode(m, &nodepb.NodeDef{Name: "p", Op: "PrintV2", Attr: stream("stderr")})
	})); err != nil {
		t.Errorf("a model that prints is refused: %v", err)
	}
}

func shaped(dims ...int64) *shapepb.TensorShapeProto {
	shape := &shapepb.TensorShapeProto{}
	for _, d := range dims {
		shape.Dim = append(shape.Dim, &shapepb.TensorShapeProto_Dim{Size: d})
	}
	return shape
}

func TestImageCallRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		signature, output, want string
		change                  func(m *corepb.MetaGraphDef)
	}{
		"signature": {"call", "", "there is no signature call; there are: serve, serving_default", func(*corepb.MetaGraphDef) {}},
		"no default": {"", "", "there is no signature features or serving_default; there are: call, serve", func(m *corepb.MetaGraphDef) {
			m.SignatureDef["call"] = serving(m)
			delete(m.SignatureDef, "serving_default")
		}},
		"two inputs": {"", "", "takes 2 inputs (keras_tensor float32 [?, 8, 8, 3], mask float32 [?, 8, 8, 3])", func(m *corepb.MetaGraphDef) {
			serving(m).Inputs["mask"] = only(serving(m).Inputs)
		}},
		"bytes": {"", "", "its input keras_tensor uint8 [?, 8, 8, 3] is not float32", func(m *corepb.MetaGraphDef) {
			only(serving(m).Inputs).Dtype = typespb.DataType_DT_UINT8
		}},
		"channels first": {"", "", "[?, 3, 8, 8] is not [N, H, W, C]", func(m *corepb.MetaGraphDef) {
			only(serving(m).Inputs).TensorShape = shaped(-1, 3, 8, 8)
		}},
		"output": {"", "logits", `there is no output "logits"; there are: output_0 float32 [?, 4]`, func(*corepb.MetaGraphDef) {}},
		"output of strings": {"", "output_0", "its output output_0 string [?, 4] is not float32", func(m *corepb.MetaGraphDef) {
			only(serving(m).Outputs).Dtype = typespb.DataType_DT_STRING
		}},
		"no output": {"", "", "no output is float32 with 2 or 4 axes; there are: output_0 float32 [?, 4, 4]", func(m *corepb.MetaGraphDef) {
			only(serving(m).Outputs).TensorShape = shaped(-1, 4, 4)
		}},
		"two outputs": {"", "", "name one of maps float32 [?, 4], output_0 float32 [?, 4]", func(m *corepb.MetaGraphDef) {
			serving(m).Outputs["maps"] = only(serving(m).Outputs)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			info, err := tf.Inspect(altered(t, c.change))
			if err != nil {
				t.Fatal(err)
			}
			_, err = info.ImageCall(c.signature, c.output)
			wantError(t, err, c.want)
		})
	}
}

// Two variables of one name are one where their values are equal, as in what
// Keras exports, and else go by their keys.
func TestModelVariablesOfOneName(t *testing.T) {
	tftest.Load(t)
	number := func(v float32) *tf.Tensor {
		x, err := tf.FromFloat32s([]float32{v}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	attribute := func(name, key string) *corepb.TrackableObjectGraph_TrackableObject {
		return &corepb.TrackableObjectGraph_TrackableObject{Attributes: []*corepb.TrackableObjectGraph_TrackableObject_SerializedTensor{
			{Name: "VARIABLE_VALUE", FullName: name, CheckpointKey: key},
		}}
	}
	graph, err := proto.Marshal(&corepb.TrackableObjectGraph{Nodes: []*corepb.TrackableObjectGraph_TrackableObject{
		attribute("same", "a/0"), attribute("same", "b/0"), attribute("other", "a/1"), attribute("other", "b/1"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := tf.FromStrings([]string{string(graph)})
	if err != nil {
		t.Fatal(err)
	}
	dir := altered(t, func(*corepb.MetaGraphDef) {})
	if err := tf.WriteCheckpoint(filepath.Join(dir, "variables", "variables"), map[string]*tf.Tensor{
		"_CHECKPOINTABLE_OBJECT_GRAPH": objects, "a/0": number(1), "b/0": number(1), "a/1": number(2), "b/1": number(3), "c": number(4),
	}); err != nil {
		t.Fatal(err)
	}
	values, err := tf.ModelVariables(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, v := range values {
		got[name] = v.Float()
	}
	if want := map[string]float64{"same": 1, "a/1": 2, "b/1": 3, "c": 4}; !maps.Equal(got, want) {
		t.Errorf("the values are %v, want %v", got, want)
	}
}

func TestModelVariablesOfDamagedFiles(t *testing.T) {
	tftest.Load(t)
	dir := altered(t, func(*corepb.MetaGraphDef) {})
	data := filepath.Join(dir, "variables", "variables.data-00000-of-00001")
	if err := os.Truncate(data, 100); err != nil {
		t.Fatal(err)
	}
	_, err := tf.ModelVariables(dir)
	wantError(t, err, "read the variables of SavedModel", "it is damaged", "its files have 100")
	if err := os.RemoveAll(filepath.Join(dir, "variables")); err != nil {
		t.Fatal(err)
	}
	if values, err := tf.ModelVariables(dir); err != nil || len(values) != 0 {
		t.Errorf("a model without variables has %v, %v", values, err)
	}
	_, err = tf.ModelVariables(filepath.Join(dir, "none"))
	wantError(t, err, "none/saved_model.pb: no such file")
	wantError(t, tf.WriteCheckpoint(filepath.Join(dir, "x"), nil), "write checkpoint", "no values")
}
