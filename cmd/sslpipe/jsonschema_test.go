package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
	"sslpipe/internal/view"
)

// pipelineSchema compiles the schema, which fails if it is not valid itself.
func pipelineSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	var text bytes.Buffer
	if err := view.JSONSchema(&text, language()); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(&text)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("pipeline.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("pipeline.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// members is a JSON object in the order of the file, which matters for transforms.
type members []member

type member struct {
	name  string
	value any
}

func (m members) MarshalJSON() ([]byte, error) {
	out := bytes.NewBufferString("{")
	for i, one := range m {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.value)
		if err != nil {
			return nil, err
		}
		out.Write(name)
		out.WriteByte(':')
		out.Write(value)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// asJSON writes a body of native syntax in the JSON syntax.
func asJSON(t *testing.T, src []byte, body *hclsyntax.Body) members {
	t.Helper()
	var out members
	for _, attr := range inOrder(body.Attributes) {
		out = append(out, member{attr.Name, expressionAsJSON(t, src, attr.Expr)})
	}
	for _, block := range body.Blocks {
		inner := any(asJSON(t, src, block.Body))
		for _, label := range slices.Backward(block.Labels) {
			inner = members{{label, inner}}
		}
		at := slices.IndexFunc(out, func(m member) bool { return m.name == block.Type })
		if at < 0 {
			out = append(out, member{block.Type, []any{inner}})
			continue
		}
		out[at].value = append(out[at].value.([]any), inner)
	}
	return out
}

// inOrder are attributes as they are written; the dimensions of a matrix have an order.
func inOrder(attributes hclsyntax.Attributes) []*hclsyntax.Attribute {
	return slices.SortedFunc(maps.Values(attributes), func(a, b *hclsyntax.Attribute) int {
		return a.SrcRange.Start.Byte - b.SrcRange.Start.Byte
	})
}

func expressionAsJSON(t *testing.T, src []byte, expr hclsyntax.Expression) any {
	t.Helper()
	if tuple, ok := expr.(*hclsyntax.TupleConsExpr); ok {
		list := []any{}
		for _, e := range tuple.Exprs {
			list = append(list, expressionAsJSON(t, src, e))
		}
		return list
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() || len(expr.Variables()) > 0 {
		return "${" + string(expr.Range().SliceBytes(src)) + "}"
	}
	if v.Type() == cty.String {
		return strings.ReplaceAll(strings.ReplaceAll(v.AsString(), "${", "$${"), "%{", "%%{")
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return json.RawMessage(text)
}

func convertPipeline(t *testing.T, path string) []byte {
	t.Helper()
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	file, diags := hclsyntax.ParseConfig(src, path, hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	object := asJSON(t, src, file.Body.(*hclsyntax.Body))
	for _, top := range object {
		if top.name != "variable" {
			continue
		}
		for _, v := range top.value.([]any) { // types are keywords, not templates
			body := v.(members)[0].value.(members)
			for i := range body {
				if body[i].name == "type" {
					body[i].value = strings.TrimSuffix(strings.TrimPrefix(body[i].value.(string), "${"), "}")
				}
			}
		}
	}
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func validate(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return s.Validate(document)
}

// Every pipeline, written as JSON, is valid by the schema, and means the same.
func TestEveryPipelineIsValidAsJSON(t *testing.T) {
	s := pipelineSchema(t)
	files, err := filepath.Glob(filepath.Join(repository(t), "pipelines", "*.hcl"))
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v, error %v", files, err)
	}
	for _, path := range files {
		text := convertPipeline(t, path)
		if err := validate(t, s, text); err != nil {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
		native, diags := plan.Load([]string{path}, stages.Kinds, plan.Options{})
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		converted, diags := plan.Parse(text, path+".json", stages.Kinds, plan.Options{})
		if diags.HasErrors() {
			t.Errorf("%s as JSON: %v", filepath.Base(path), diags)
			continue
		}
		if !maps.Equal(fingerprintsOf(native), fingerprintsOf(converted)) {
			t.Errorf("%s means something else as JSON", filepath.Base(path))
		}
	}
}

func fingerprintsOf(p *plan.Plan) map[string]string {
	of := map[string]string{}
	for _, u := range p.Units {
		of[u.Address] = u.Fingerprint
	}
	return of
}

// small is a pipeline in JSON in which a test replaces a part.
const small = `{
  "//": "a comment",
  "pipeline": {"description": "Small.", "seeds": 3},
  "variable": {"epochs": {"type": "number", "default": 2, "validation": {"condition": "${var.epochs > 0}", "error_message": "Too few."}}},
  "locals": {"alpha": "${0.35}"},
  "download": {"images": {"source": "fashion-mnist-mini", "image_size": null}},
  "augment": {"views": {"data": "${download.images.unlabelled}", "resized_crop": {"area": [0.2, "${1.0}"]}, "crop": [{"padding": 1}, {"padding": 2}],
    "dynamic": {"flip": {"for_each": [1], "content": {"horizontal": true}}}}},
  "pretrain": {"ssl": [{"matrix": {"task": ["rotation", "simclr"]}, "views": "${augment.views}", "epochs": "${var.epochs}", "pretext": "${matrix.task}",
    "backbone": {"mobilenet_v2": {"alpha": "${local.alpha}", "strides": "small"}}, "guards": {"solved": 1}},
    {"views": "${augment.views}", "pretext": [{"rotation": {}}, {"jigsaw": {"weight": 0.5}}]}]},
  "finetune": {"base": {"data": "${download.images.train}", "labels_per_class": [5], "mode": "linear", "init": "${pretrain.ssl}"},
    "more": {"base": "finetune.base", "labels_per_class": "${[5, 10]}", "mode": "${\"knn\"}", "optimizer": null, "matrix": [{"init": ["a", "b"]}]}},
  "output": {"best": {"value": "${finetune.base}"}},
  "module": {"probes": {"source": "./probes.hcl", "images": "${download.images.train}"}}
}`

func TestSchemaOfJSON(t *testing.T) {
	s := pipelineSchema(t)
	if err := validate(t, s, []byte(small)); err != nil {
		t.Errorf("the small pipeline is not valid: %v", err)
	}
	for _, test := range []struct{ old, new, at string }{
		{`"seeds": 3`, `"seeds": 0`, "/pipeline/seeds"},
		{`"seeds": 3`, `"seeds": 2.5`, "/pipeline/seeds"},
		{`"seeds": 3`, `"seeds": "3"`, "/pipeline/seeds"},
		{`"seeds": 3`, `"seed": 3`, "/pipeline"},
		{`"pipeline"`, `"pipelin"`, ""},
		{`"fashion-mnist-mini"`, `"fashion-mnist-minni"`, "/download/images/source"},
		{`"images": {"source"`, `"my images": {"source"`, "/download"},
		{`"${download.images.unlabelled}"`, `"download.images.unlabelled"`, "/augment/views/data"},
		{`[0.2, "${1.0}"]`, `[0.2, "1.0"]`, "/augment/views/resized_crop/area/1"},
		{`[0.2, "${1.0}"]`, `[0.2, 1.5]`, "/augment/views/resized_crop/area/1"},
		{`{"padding": 2}`, `{"pading": 2}`, "/augment/views/crop/1"},
		{`{"padding": 2}`, `3`, "/augment/views/crop/1"},
		{`"for_each": [1], `, ``, "/augment/views/dynamic/flip"},
		{`"pretext": "${matrix.task}"`, `"pretext": "rotatoin"`, "/pretrain/ssl/0/pretext"},
		{`"pretext": "${matrix.task}"`, `"pretext": null`, "/pretrain/ssl/0/pretext"},
		{`["a", "b"]`, `3`, "/finetune/more/matrix/0/init"},
		{`{"rotation": {}}`, `{"rotatoin": {}}`, "/pretrain/ssl/1/pretext/0"},
		{`[{"rotation": {}}, {"jigsaw": {"weight": 0.5}}]`, `["rotation", "jigsow"]`, "/pretrain/ssl/1/pretext/1"},
		{`{"weight": 0.5}`, `{"weight": -1}`, "/pretrain/ssl/1/pretext/1/jigsaw/weight"},
		{`{"weight": 0.5}`, `{"weight": true}`, "/pretrain/ssl/1/pretext/1/jigsaw/weight"},
		{`"strides": "small"`, `"strides": "smal"`, "/pretrain/ssl/0/backbone/mobilenet_v2/strides"},
		{`"solved": 1`, `"solved": 2`, "/pretrain/ssl/0/guards/solved"},
		{`"data": "${download.images.train}", `, ``, "/finetune/base"},
		{`"mode": "linear"`, `"mode": "liner"`, "/finetune/base/mode"},
		{`"labels_per_class": [5]`, `"labels_per_class": 5`, "/finetune/base/labels_per_class"},
		{`"value": "${finetune.base}"`, `"description": "x"`, "/output/best"},
		{`"source": "./probes.hcl", `, ``, "/module/probes"},
	} {
		text := strings.Replace(small, test.old, test.new, 1)
		err := validate(t, s, []byte(text))
		invalid, ok := errors.AsType[*jsonschema.ValidationError](err)
		if !ok {
			t.Errorf("%s is valid, error %v", test.new, err)
			continue
		}
		if got := deepest(invalid); got != test.at {
			t.Errorf("%s is wrong at %s, not at %s: %v", test.new, got, test.at, err)
		}
	}
}

// deepest is the place of the innermost mistake.
func deepest(e *jsonschema.ValidationError) string {
	at := e.InstanceLocation
	for len(e.Causes) > 0 {
		e = e.Causes[0]
		if len(e.InstanceLocation) > len(at) {
			at = e.InstanceLocation
		}
	}
	if len(at) == 0 {
		return ""
	}
	return "/" + strings.Join(at, "/")
}
