package tf

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	shapepb "github.com/wamuir/graft/tensorflow/core/framework/tensor_shape_go_proto"
	corepb "github.com/wamuir/graft/tensorflow/core/protobuf/for_core_protos_go_proto"

	"sslpipe/internal/bounded"
)

// ModelInfo is what the file of a SavedModel says of how to call it.
type ModelInfo struct {
	Signatures []SignatureInfo // sorted by name

	meta *corepb.MetaGraphDef
}

// SignatureInfo is one way to call a model; both lists are sorted by name.
type SignatureInfo struct {
	Name            string
	Inputs, Outputs []TensorInfo
}

// TensorInfo is an input or an output of a signature.
type TensorInfo struct {
	Name  string
	DType DType
	Shape Shape

	tensor string // "node:0"
}

// String formats as "images float32 [?, 96, 96, 3]".
func (t TensorInfo) String() string { return fmt.Sprintf("%s %s %s", t.Name, t.DType, t.Shape) }

// ImageCall is a way to call a model with one batch of images [N, H, W, C].
type ImageCall struct {
	Signature     string
	Input, Output TensorInfo
}

// The names of signatures that our models and TensorFlow's share.
const (
	servingSignature  = "serving_default"
	featuresSignature = "features"
	kerasSignature    = "serve" // what Keras's TFSMLayer calls unless told otherwise
)

// maxModelFile is what a protobuf can hold.
const maxModelFile = 1<<31 - 1

// Inspect reads how to call the SavedModel with the tag "serve" in the folder
// dir, whoever wrote it, without running any of it and without TensorFlow. A model
// with an operation that networks for images do not need is refused, wherever in
// its file it is: it could read or write files, reach other machines or run
// programs.
func Inspect(dir string) (*ModelInfo, error) {
	info, err := inspect(dir)
	if err != nil {
		return nil, fmt.Errorf("inspect SavedModel %s: %w", dir, err)
	}
	return info, nil
}

func inspect(dir string) (*ModelInfo, error) {
	raw, err := bounded.ReadFile(filepath.Join(dir, modelFile), maxModelFile)
	if err != nil {
		return nil, err
	}
	return parseModel(raw)
}

// parseModel reads the content of saved_model.pb.
func parseModel(raw []byte) (*ModelInfo, error) {
	meta, err := parseMetaGraph(raw)
	if err != nil {
		return nil, err
	}
	if err := refuseOperations(meta.GetGraphDef(), len(raw)); err != nil {
		return nil, err
	}
	info := &ModelInfo{meta: meta}
	for _, name := range slices.Sorted(maps.Keys(meta.GetSignatureDef())) {
		s := meta.GetSignatureDef()[name]
		// TensorFlow 2 lists its initialiser as a signature without inputs.
		if len(s.GetInputs()) > 0 {
			info.Signatures = append(info.Signatures, SignatureInfo{Name: name, Inputs: tensors(s.GetInputs()), Outputs: tensors(s.GetOutputs())})
		}
	}
	if info.Signatures == nil {
		return nil, errors.New("it has no signature to call it by")
	}
	return info, nil
}

// parseMetaGraph finds the graph with the tag "serve" and no other tag.
func parseMetaGraph(raw []byte) (*corepb.MetaGraphDef, error) {
	var saved corepb.SavedModel
	if err := proto.Unmarshal(raw, &saved); err != nil {
		return nil, fmt.Errorf("%s: %w", modelFile, err)
	}
	var found []string
	for _, meta := range saved.GetMetaGraphs() {
		tags := meta.GetMetaInfoDef().GetTags()
		if slices.Equal(tags, []string{serveTag}) {
			return meta, nil
		}
		found = append(found, strings.Join(tags, "+"))
	}
	return nil, fmt.Errorf("it has no graph with the tag %q alone; it has %q", serveTag, found)
}

func tensors(infos map[string]*corepb.TensorInfo) []TensorInfo {
	var list []TensorInfo
	for _, name := range slices.Sorted(maps.Keys(infos)) {
		info := infos[name]
		list = append(list, TensorInfo{
			Name: name, DType: DType(info.GetDtype()), Shape: shapeOf(info.GetTensorShape()), tensor: info.GetName(),
		})
	}
	return list
}

func shapeOf(p *shapepb.TensorShapeProto) Shape {
	if p == nil || p.GetUnknownRank() {
		return nil
	}
	s := Shape{}
	for _, d := range p.GetDim() {
		s = append(s, max(d.GetSize(), -1))
	}
	return s
}

// ImageCall chooses how to call the model with images. Without a name for the
// signature it is "features", else "serving_default", else the only one; without
// a name for the output it is the only one that is float32 with 2 or 4 axes. The
// error says what the model has.
func (m *ModelInfo) ImageCall(signature, output string) (ImageCall, error) {
	s, err := m.signature(signature)
	if err != nil {
		return ImageCall{}, err
	}
	in, err := s.images()
	if err != nil {
		return ImageCall{}, fmt.Errorf("signature %s: %w", s.Name, err)
	}
	out, err := s.output(output)
	if err != nil {
		return ImageCall{}, fmt.Errorf("signature %s: %w", s.Name, err)
	}
	return ImageCall{Signature: s.Name, Input: in, Output: out}, nil
}

func (m *ModelInfo) signature(name string) (SignatureInfo, error) {
	wanted := []string{name}
	if name == "" {
		wanted = []string{featuresSignature, servingSignature}
	}
	var known []string
	for _, s := range m.Signatures {
		known = append(known, s.Name)
	}
	for _, w := range wanted {
		if i := slices.Index(known, w); i >= 0 {
			return m.Signatures[i], nil
		}
	}
	if name == "" && len(known) == 1 {
		return m.Signatures[0], nil
	}
	return SignatureInfo{}, fmt.Errorf("there is no signature %s; there are: %s", strings.Join(wanted, " or "), strings.Join(known, ", "))
}

// images returns the signature's input, if it is one batch of images.
func (s SignatureInfo) images() (TensorInfo, error) {
	in := s.Inputs[0]
	switch {
	case len(s.Inputs) > 1:
		return in, fmt.Errorf("it takes %d inputs (%s), not images alone", len(s.Inputs), join(s.Inputs))
	case len(in.Shape) != 4 || in.Shape[3] != 1 && in.Shape[3] != 3:
		return in, fmt.Errorf("its input %s is not [N, H, W, C] with C of 1 (grey) or 3 (colour)", in)
	case in.DType != Float32:
		return in, fmt.Errorf("its input %s is not float32", in)
	}
	return in, nil
}

func (s SignatureInfo) output(name string) (TensorInfo, error) {
	var fitting []TensorInfo
	for _, out := range s.Outputs {
		if name == out.Name || name == "" && out.DType == Float32 && (len(out.Shape) == 2 || len(out.Shape) == 4) {
			fitting = append(fitting, out)
		}
	}
	switch {
	case len(fitting) == 1 && fitting[0].DType == Float32 && len(fitting[0].Shape) > 1:
		return fitting[0], nil
	case len(fitting) == 1:
		return fitting[0], fmt.Errorf("its output %s is not float32 [N, ...]", fitting[0])
	case name != "":
		return TensorInfo{}, fmt.Errorf("there is no output %q; there are: %s", name, join(s.Outputs))
	case len(fitting) == 0:
		return TensorInfo{}, fmt.Errorf("no output is float32 with 2 or 4 axes; there are: %s", join(s.Outputs))
	}
	return TensorInfo{}, fmt.Errorf("several outputs are float32 with 2 or 4 axes: name one of %s", join(fitting))
}

func join(list []TensorInfo) string {
	var parts []string
	for _, t := range list {
		parts = append(parts, t.String())
	}
	return strings.Join(parts, ", ")
}
