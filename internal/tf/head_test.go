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
	graphpb "github.com/wamuir/graft/tensorflow/core/framework/graph_go_proto"
	nodepb "github.com/wamuir/graft/tensorflow/core/framework/node_def_go_proto"
	tensorpb "github.com/wamuir/graft/tensorflow/core/framework/tensor_go_proto"
	typespb "github.com/wamuir/graft/tensorflow/core/framework/types_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/tf"
	"sslpipe/internal/tf/tftest"
)

// attach calls AttachHead and returns the new model's folder.
func attach(t *testing.T, from string, o tf.HeadOptions) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "models", "1")
	if err := tf.AttachHead(from, to, o); err != nil {
		t.Fatal(err)
	}
	return to
}

func images(t *testing.T, values []float32, dims ...int) *tf.Tensor {
	return array{dims, values}.tensor(t)
}

// A model of ours is a model like others, also one that has a head already.
func TestAttachHeadToOurs(t *testing.T) {
	dir, _, features := exported(t)
	x := images(t, pixels(4), 4, 8, 8, 3)
	once := attach(t, dir, tf.HeadOptions{Head: tftest.LinearHead(wave(8*2, 1), []float32{0, 1})})
	twice := attach(t, once, tf.HeadOptions{Head: tftest.LinearHead(wave(8*3, 1), []float32{0, 1, 2})})
	for _, model := range []string{once, twice} {
		if got := call(t, model, "features", x)["features"]; !slices.Equal(got, features) {
			t.Errorf("the features changed from %v to %v", features, got)
		}
	}
	if n := len(call(t, twice, "serving_default", x)["probabilities"]); n != 4*3 {
		t.Errorf("the new head gives %d probabilities", n)
	}
	// The classifier's own head is no part of the features.
	values, err := tf.ModelVariables(twice)
	if want := []string{"Conv1/kernel", "bn_Conv1/beta", "bn_Conv1/gamma", "bn_Conv1/moving_mean", "bn_Conv1/moving_variance",
		"expanded_conv_depthwise/depthwise_kernel", "head/bias", "head/kernel"}; err != nil || !slices.Equal(slices.Sorted(maps.Keys(values)), want) {
		t.Errorf("the variables are %v, %v", slices.Sorted(maps.Keys(values)), err)
	}
	// In place, over an output that is no feature vector by default.
	if err := tf.AttachHead(twice, twice, tf.HeadOptions{Signature: "serve", Output: "logits"}); err != nil {
		t.Fatal(err)
	}
	if n := len(call(t, twice, "serving_default", x)["features"]); n != 4*3 {
		t.Errorf("the logits as features are %d numbers", n)
	}
}

// Images of another size and in grey come to the model as it wants them.
func TestAttachHeadResizes(t *testing.T) {
	dir, _, _ := exported(t)
	small := images(t, pixels(1)[:2*4*6], 2, 4, 6, 1)
	g := tf.NewGraph()
	fed := g.Placeholder("x", tf.Float32, 2, 4, 6, 1)
	seen := g.Op("Tile", nil, g.Mul(g.ResizeBilinear(fed, 8, 8), g.Scalar(0.5)), g.Ints(1, 1, 1, 3))[0]
	seen = g.Add(seen, g.Const([]float32{1, 2, 3}))
	out, err := tftest.Session(t, g).Run(map[tf.Output]*tf.Tensor{fed: small}, []tf.Output{seen})
	if err != nil {
		t.Fatal(err)
	}
	want := call(t, dir, "features", out[0])["features"]
	model := attach(t, dir, tf.HeadOptions{Input: [3]int{4, 6, 1}, Scale: []float32{0.5}, Offset: []float32{1, 2, 3}})
	if got := call(t, model, "features", small)["features"]; !slices.Equal(got, want) {
		t.Errorf("the features are %v, want %v", got, want)
	}
}

// frozen writes a model without variables: maps of 2*x.
func frozen(t *testing.T, dims ...int64) string {
	t.Helper()
	float := &attrpb.AttrValue{Value: &attrpb.AttrValue_Type{Type: typespb.DataType_DT_FLOAT}}
	two := &tensorpb.TensorProto{Dtype: typespb.DataType_DT_FLOAT, TensorShape: shaped(), FloatVal: []float32{2}}
	info := func(name string) map[string]*corepb.TensorInfo {
		return map[string]*corepb.TensorInfo{name: {
			Encoding: &corepb.TensorInfo_Name{Name: name + ":0"}, Dtype: typespb.DataType_DT_FLOAT, TensorShape: shaped(dims...),
		}}
	}
	raw, err := proto.Marshal(&corepb.SavedModel{MetaGraphs: []*corepb.MetaGraphDef{{
		MetaInfoDef: &corepb.MetaGraphDef_MetaInfoDef{Tags: []string{"serve"}},
		GraphDef: &graphpb.GraphDef{Node: []*nodepb.NodeDef{
			{Name: "pixels", Op: "Placeholder", Attr: map[string]*attrpb.AttrValue{"dtype": float}},
			{Name: "features", Op: "Const", Input: []string{"^pixels"}, Device: "/device:CPU:0", Attr: map[string]*attrpb.AttrValue{
				"dtype": float, "value": {Value: &attrpb.AttrValue_Tensor{Tensor: two}},
			}},
			{Name: "maps", Op: "Mul", Input: []string{"pixels", "features"}, Attr: map[string]*attrpb.AttrValue{"T": float}},
		}},
		SignatureDef: map[string]*corepb.SignatureDef{"call": {Inputs: info("pixels"), Outputs: info("maps")}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "saved_model.pb"), raw, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAttachHeadToFrozen(t *testing.T) {
	tftest.Load(t)
	x := images(t, []float32{1, 2, 3, 6, 10, 20, 30, 60}, 2, 2, 2, 1)
	for name, c := range map[string]struct {
		dims []int64
		o    tf.HeadOptions
		want []float32
	}{
		"as it is":    {[]int64{-1, 2, 2, 1}, tf.HeadOptions{}, []float32{6, 60}},
		"one batch":   {[]int64{2, 2, 2, 1}, tf.HeadOptions{Scale: []float32{0.5}, Offset: []float32{1}}, []float32{5, 32}},
		"any size":    {[]int64{-1, -1, -1, 1}, tf.HeadOptions{}, []float32{6, 60}},
		"chosen size": {[]int64{-1, -1, -1, 1}, tf.HeadOptions{Input: [3]int{2, 2, 1}}, []float32{6, 60}},
	} {
		t.Run(name, func(t *testing.T) {
			model := attach(t, frozen(t, c.dims...), c.o)
			if got := call(t, model, "features", x)["features"]; !slices.Equal(got, c.want) {
				t.Errorf("the features are %v, want %v", got, c.want)
			}
		})
	}
	model := attach(t, frozen(t, -1, 2, 2, 1), tf.HeadOptions{Head: tftest.LinearHead([]float32{1, -1}, []float32{0, 5})})
	if got := call(t, model, "serve", x)["logits"]; !slices.Equal(got, []float32{6, -1, 60, -55}) {
		t.Errorf("the logits are %v", got)
	}
}

func TestAttachHeadRefuses(t *testing.T) {
	tftest.Load(t)
	dependsOn := func(op string) func(m *corepb.MetaGraphDef) {
		return func(m *corepb.MetaGraphDef) {
			addNode(m, &nodepb.NodeDef{Name: "other", Op: op})
			name, _, _ := strings.Cut(only(serving(m).Outputs).GetName(), ":")
			for _, n := range m.GraphDef.Node {
				if n.Name == name {
					n.Input = append(n.Input, "^other")
				}
			}
		}
	}
	for want, change := range map[string]func(m *corepb.MetaGraphDef){
		"output output_0 depends on the placeholder other": dependsOn("Placeholder"),
		"needs other (HashTableV2), whose value":           dependsOn("HashTableV2"),
		"needs other (VariableV2), whose value":            dependsOn("VariableV2"),
		"needs other (SaveV2), which reads or writes":      dependsOn("SaveV2"),
		"needs hidden (MergeV2Checkpoints), which reads":   func(m *corepb.MetaGraphDef) { inFunction(m, "MergeV2Checkpoints") },
		"needs hidden (VarHandleOp), whose value":          func(m *corepb.MetaGraphDef) { inFunction(m, "VarHandleOp") },
		"no value for the variable nobody": func(m *corepb.MetaGraphDef) {
			for _, o := range m.GetObjectGraphDef().GetNodes() {
				if v := o.GetVariable(); v != nil {
					v.Name = "nobody"
				}
			}
		},
		`input keras_tensor is made by "NoOp" of the graph`: func(m *corepb.MetaGraphDef) {
			only(serving(m).Inputs).Encoding = &corepb.TensorInfo_Name{Name: "NoOp:0"}
		},
		"copy the model's graph":            dependsOn("MatMul"),
		"operation other (NoSuchOperation)": dependsOn("NoSuchOperation"),
	} {
		parent := t.TempDir()
		wantError(t, tf.AttachHead(altered(t, change), filepath.Join(parent, "m"), tf.HeadOptions{}), "make a model of SavedModel", want)
		if left, err := os.ReadDir(parent); err != nil || len(left) != 0 {
			t.Errorf("%s: a failure leaves %v, %v", want, left, err)
		}
	}
	for want, o := range map[string]tf.HeadOptions{
		"a head of 8 weights for 3 classes does not fit 4 features": {Head: tftest.LinearHead(wave(8, 1), wave(3, 1))},
		"a head of 0 weights for 0 classes":                         {Head: tftest.LinearHead(nil, nil)},
		"[?, 8, 8, 3] does not take images with 2 channels":         {Input: [3]int{8, 8, 2}},
		"images of shape [-1 8 3]":                                  {Input: [3]int{-1, 8, 3}},
		"2 scales or offsets for an input of 3 channels":            {Offset: []float32{1, 2}},
		"there is no signature other; there are: serve, serving_d":  {Signature: "other"},
	} {
		wantError(t, tf.AttachHead(keras, filepath.Join(t.TempDir(), "m"), o), want)
	}
}
