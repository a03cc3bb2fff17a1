package schema_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

type stop struct {
	Patience int `hcl:"patience" min:"1" doc:"Epochs."`
}

type config struct {
	Epochs   int               `hcl:"epochs,optional" min:"1" max:"10" doc:"Passes."`
	Data     schema.Ref        `hcl:"data" ref:"dataset,views" doc:"Images."`
	Compare  []schema.Ref      `hcl:"compare,optional" ref:"encoder" doc:"Others."`
	Classes  map[string]string `hcl:"classes,optional" doc:"Classes."`
	Rates    []float64         `hcl:"rates,optional" fingerprint:"-" doc:"Rates."`
	Seed     int64             `hcl:"seed,optional" doc:"Seed."`
	Path     string            `hcl:"path,optional" file:"true" doc:"File."`
	Pretext  schema.Choice     `family:"pretext" required:"true" doc:"Task."`
	Backbone *schema.Choice    `family:"backbone" doc:"Network."`
	Steps    []schema.Choice   `blocks:"transform" doc:"Transforms."`
	Stop     *stop             `hcl:"stop,block" doc:"When."`
	Always   stop              `hcl:"always,block" doc:"Always."`
	Internal int
	hidden   int
}

func TestFields(t *testing.T) {
	c := &config{Epochs: 3, Always: stop{Patience: 2}, hidden: 1}
	one, ten := 1.0, 10.0
	patience := func(prefix string, value any) []schema.Field {
		return []schema.Field{{Name: "patience", Path: prefix + ".patience", Type: schema.Type{Scalar: schema.Int}, Required: true, Doc: "Epochs.", Min: &one, Default: value}}
	}
	want := []schema.Field{
		{Name: "epochs", Path: "epochs", Type: schema.Type{Scalar: schema.Int}, Default: 3, Min: &one, Max: &ten, Doc: "Passes."},
		{Name: "data", Path: "data", Type: schema.Type{Ref: true}, Required: true, Refs: []string{"dataset", "views"}, Doc: "Images."},
		{Name: "compare", Path: "compare", Type: schema.Type{Ref: true, List: true}, Refs: []string{"encoder"}, Doc: "Others."},
		{Name: "classes", Path: "classes", Type: schema.Type{Scalar: schema.String, Map: true}, Default: map[string]string(nil), Doc: "Classes."},
		{Name: "rates", Path: "rates", Type: schema.Type{Scalar: schema.Float, List: true}, Default: []float64(nil), Ignored: true, Doc: "Rates."},
		{Name: "seed", Path: "seed", Type: schema.Type{Scalar: schema.Int}, Default: int64(0), Doc: "Seed."},
		{Name: "path", Path: "path", Type: schema.Type{Scalar: schema.String}, Default: "", File: true, Doc: "File."},
		{Name: "pretext", Path: "pretext", Form: schema.Labelled, Family: "pretext", Required: true, Doc: "Task."},
		{Name: "backbone", Path: "backbone", Form: schema.Labelled, Family: "backbone", Doc: "Network."},
		{Name: "transform", Path: "transform", Form: schema.Ordered, Family: "transform", Many: true, Doc: "Transforms."},
		{Name: "stop", Path: "stop", Form: schema.Block, Doc: "When.", Fields: patience("stop", nil)},
		{Name: "always", Path: "always", Form: schema.Block, Doc: "Always.", Default: stop{Patience: 2}, Fields: patience("always", nil)},
	}
	if diff := cmp.Diff(want, schema.Fields(c), cmpopts.IgnoreUnexported(schema.Field{})); diff != "" {
		t.Error(diff)
	}
}

// Shared is embedded in Common and that in member, as the members of a family
// embed what they have in common.
type Shared struct {
	note   string
	Weight float64 `hcl:"weight,optional" min:"0" max:"1" doc:"Share."`
}

type Common struct {
	Before string `hcl:"before,optional" doc:"Before."`
	Shared
	Data  schema.Ref      `hcl:"data" ref:"views" doc:"Images."`
	Steps []schema.Choice `blocks:"transform" doc:"Transforms."`
}

type member struct {
	First int `hcl:"first,optional" doc:"First."`
	Common
	Inside struct {
		Shared
		Deep int `hcl:"deep" doc:"Deep."`
	} `hcl:"inside,block" doc:"Inside."`
	Last int `hcl:"last,optional" max:"9" doc:"Last."`
}

func TestFieldsOfEmbeddedStructsAreThoseOfTheOuterOne(t *testing.T) {
	c := &member{First: 1, Last: 2}
	c.Before, c.Weight, c.note, c.Inside.Weight = "b", 0.25, "n", 0.5
	zero, one, nine := 0.0, 1.0, 9.0
	weight := func(path string, value float64) schema.Field {
		return schema.Field{Name: "weight", Path: path, Type: schema.Type{Scalar: schema.Float}, Default: value, Min: &zero, Max: &one, Doc: "Share."}
	}
	want := []schema.Field{
		{Name: "first", Path: "first", Type: schema.Type{Scalar: schema.Int}, Default: 1, Doc: "First."},
		{Name: "before", Path: "before", Type: schema.Type{Scalar: schema.String}, Default: "b", Doc: "Before."},
		weight("weight", 0.25),
		{Name: "data", Path: "data", Type: schema.Type{Ref: true}, Required: true, Refs: []string{"views"}, Doc: "Images."},
		{Name: "transform", Path: "transform", Form: schema.Ordered, Family: "transform", Many: true, Doc: "Transforms."},
		{Name: "inside", Path: "inside", Form: schema.Block, Doc: "Inside.", Default: c.Inside, Fields: []schema.Field{
			weight("inside.weight", 0.5),
			{Name: "deep", Path: "inside.deep", Type: schema.Type{Scalar: schema.Int}, Required: true, Doc: "Deep."},
		}},
		{Name: "last", Path: "last", Type: schema.Type{Scalar: schema.Int}, Default: 2, Max: &nine, Doc: "Last."},
	}
	options := []cmp.Option{cmpopts.IgnoreUnexported(schema.Field{}, Shared{})}
	if diff := cmp.Diff(want, schema.Fields(c), options...); diff != "" {
		t.Error(diff)
	}
}

func TestFieldsOfEmbeddedStructsAreReadAndStored(t *testing.T) {
	number := cty.MustParseNumberVal
	c := &member{}
	for name, value := range map[string]cty.Value{
		"first": number("3"), "before": cty.StringVal("text"), "weight": number("1.5"), "last": number("4"),
	} {
		if problems := field(t, c, name).Assign(c, value); problems != nil {
			t.Errorf("%s: %v", name, problems)
		}
	}
	ref := schema.Ref{Stage: "augment.a", Output: "views"}
	field(t, c, "data").SetRefs(c, []schema.Ref{ref})
	field(t, c, "transform").SetChoices(c, []schema.Choice{{Name: "flip", Version: 2}})
	inside := field(t, c, "inside")
	if problems := inside.Fields[0].Assign(inside.Inner(c, true), number("0.75")); problems != nil {
		t.Errorf("inside: %v", problems)
	}
	want := &member{First: 3, Last: 4, Common: Common{
		Before: "text", Shared: Shared{Weight: 1.5}, Data: ref, Steps: []schema.Choice{{Name: "flip", Version: 2}},
	}}
	want.Inside.Weight = 0.75
	if diff := cmp.Diff(want, c, cmp.AllowUnexported(member{}), cmpopts.IgnoreUnexported(Shared{})); diff != "" {
		t.Error(diff)
	}
	for name, value := range map[string]any{"first": 3, "before": "text", "weight": 1.5, "data": ref, "last": 4} {
		if got := field(t, c, name).Get(c); got != value {
			t.Errorf("%s is %v, want %v", name, got, value)
		}
	}
	tooLarge := []schema.Problem{{Field: "weight", Message: "weight must be at most 1, not 1.5."}}
	if diff := cmp.Diff(tooLarge, field(t, c, "weight").CheckLimits(c)); diff != "" {
		t.Error(diff)
	}
	if problems := inside.Fields[0].CheckLimits(inside.Inner(c, false)); problems != nil {
		t.Errorf("inside.weight: %v", problems)
	}
}

func TestTypeNames(t *testing.T) {
	var names []string
	for _, f := range schema.Fields(&config{}) {
		if f.Form == schema.Attribute {
			names = append(names, f.Type.String())
		}
	}
	want := []string{"whole number", "reference", "list of references", "map of strings", "list of numbers", "whole number", "string"}
	if !slices.Equal(names, want) {
		t.Errorf("names are %q, not %q", names, want)
	}
}

// A struct that HCL cannot express is a bug in the program: it must not wait for
// a user to find it.
func TestBadStructsPanic(t *testing.T) {
	for name, config := range map[string]any{
		"not a pointer": config{},
		"not a struct":  new(int),
		"channel": &struct {
			X chan int `hcl:"x"`
		}{},
		"any": &struct {
			X any `hcl:"x"`
		}{},
		"list of lists": &struct {
			X [][]int `hcl:"x"`
		}{},
		"map of references": &struct {
			X map[string]schema.Ref `hcl:"x"`
		}{},
		"family of a string": &struct {
			X string `family:"x"`
		}{},
		"ordered blocks of one": &struct {
			X schema.Choice `blocks:"x"`
		}{},
		"block of a number": &struct {
			X int `hcl:"x,block"`
		}{},
		"limit": &struct {
			X int `hcl:"x" min:"one"`
		}{},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			schema.Fields(config)
		})
	}
}

func field(t *testing.T, config any, name string) schema.Field {
	t.Helper()
	fields := schema.Fields(config)
	i := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == name })
	if i < 0 {
		t.Fatalf("no field %s", name)
	}
	return fields[i]
}

func TestBlocksAndReferencesAreStored(t *testing.T) {
	c := &config{}
	rotation, flip := schema.Choice{Name: "rotation", Version: 1}, schema.Choice{Name: "flip", Version: 2}
	for _, name := range []string{"pretext", "backbone", "transform"} {
		f := field(t, c, name)
		if got := f.Choices(c); len(got) != 0 {
			t.Errorf("%s holds %v before it is set", name, got)
		}
		f.SetChoices(c, []schema.Choice{rotation, flip})
		want := []schema.Choice{rotation}
		if name == "transform" {
			want = append(want, flip)
		}
		if diff := cmp.Diff(want, f.Choices(c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	ref := schema.Ref{Stage: "download.images", Output: "train"}
	for _, name := range []string{"data", "compare"} {
		f := field(t, c, name)
		if got := f.RefsIn(c); len(got) != 0 {
			t.Errorf("%s holds %v before it is set", name, got)
		}
		f.SetRefs(c, []schema.Ref{ref})
		if diff := cmp.Diff([]schema.Ref{ref}, f.RefsIn(c)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if field(t, c, "stop").Inner(c, false) != nil {
		t.Error("an absent block is there")
	}
	field(t, c, "stop").Inner(c, true).(*stop).Patience = 3
	field(t, c, "always").Inner(c, true).(*stop).Patience = 4
	if c.Stop.Patience != 3 || c.Always.Patience != 4 {
		t.Errorf("blocks are %v and %v", c.Stop, c.Always)
	}
}

func TestRefString(t *testing.T) {
	if got := (schema.Ref{Stage: "a.b", Output: "c"}).String(); got != "a.b.c" {
		t.Errorf("got %q", got)
	}
	if got := (schema.Ref{}).String(); got != "" {
		t.Errorf("no reference is %q", got)
	}
}

func ExampleDidYouMean() {
	tasks := []string{"rotation", "jigsaw", "lr", "var", "layers", "labels_per_class", "learning_rate", "pixels.hcl", "block_1"}
	for _, name := range []string{"rotatoin", "Jigsaw", "lars", "vr", "rl", "colour", "rotation", "labels", "Rate", "per", "lab", "pixels", "block"} {
		fmt.Printf("%s:%s\n", name, schema.DidYouMean(name, tasks))
	}
	// Output:
	// rotatoin: Did you mean "rotation"?
	// Jigsaw: Did you mean "jigsaw"?
	// lars:
	// vr: Did you mean "lr"?
	// rl: Did you mean "lr"?
	// colour:
	// rotation:
	// labels: Did you mean "labels_per_class"?
	// Rate: Did you mean "learning_rate"?
	// per:
	// lab:
	// pixels: Did you mean "pixels.hcl"?
	// block:
}
