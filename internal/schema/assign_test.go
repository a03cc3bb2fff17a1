package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

type values struct {
	Flag    bool           `hcl:"flag,optional"`
	Text    string         `hcl:"text,optional"`
	Count   int            `hcl:"count,optional"`
	Wide    int64          `hcl:"wide,optional"`
	Rate    float64        `hcl:"rate,optional"`
	Counts  []int          `hcl:"counts,optional" min:"1" max:"3"`
	Weights map[string]int `hcl:"weights,optional"`
	Share   float64        `hcl:"share,optional" min:"0" max:"0.5"`
	Mode    string         `hcl:"mode,optional" enum:"full,linear,knn"`
	Modes   []string       `hcl:"modes,optional" enum:"full,linear"`
	Source  string         `hcl:"source,optional"`
}

// Enums implements schema.Enumerator.
func (*values) Enums() map[string][]string { return map[string][]string{"source": {"cifar10"}} }

func TestAssign(t *testing.T) {
	number := cty.MustParseNumberVal
	for _, test := range []struct {
		field string
		value cty.Value
		want  values
	}{
		{"flag", cty.True, values{Flag: true}},
		{"text", cty.StringVal("12"), values{Text: "12"}},
		{"count", number("1e3"), values{Count: 1000}},
		{"wide", number("9223372036854775807"), values{Wide: 9223372036854775807}},
		{"rate", number("1e-3"), values{Rate: 0.001}},
		{"rate", number("3"), values{Rate: 3}},
		{"counts", cty.TupleVal([]cty.Value{number("1"), number("2")}), values{Counts: []int{1, 2}}},
		{"counts", cty.ListVal([]cty.Value{number("3")}), values{Counts: []int{3}}},
		{"counts", cty.EmptyTupleVal, values{Counts: []int{}}},
		{"weights", cty.ObjectVal(map[string]cty.Value{"a": number("1")}), values{Weights: map[string]int{"a": 1}}},
		{"weights", cty.MapVal(map[string]cty.Value{"b": number("2")}), values{Weights: map[string]int{"b": 2}}},
	} {
		var got values
		if problems := field(t, &got, test.field).Assign(&got, test.value); problems != nil {
			t.Errorf("%s = %#v: %v", test.field, test.value, problems)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s = %#v: %s", test.field, test.value, diff)
		}
	}
}

// Nothing is converted, and a value that does not fit leaves the default alone.
func TestAssignRefuses(t *testing.T) {
	number := cty.MustParseNumberVal
	for _, test := range []struct {
		field string
		value cty.Value
		want  schema.Problem
	}{
		{"count", cty.StringVal("12"), schema.Problem{Field: "count", Message: "count must be a whole number, and this is a string. Write 12 without quotes."}},
		{"count", cty.StringVal("twelve"), schema.Problem{Field: "count", Message: "count must be a whole number, and this is a string."}},
		{"count", number("1.5"), schema.Problem{Field: "count", Message: "count must be a whole number, not 1.5."}},
		{"count", number("1e19"), schema.Problem{Field: "count", Message: "count is too large."}},
		{"count", cty.NullVal(cty.Number), schema.Problem{Field: "count", Message: "count must not be null."}},
		{"rate", number("1e309"), schema.Problem{Field: "rate", Message: "rate is too large."}},
		{"rate", cty.True, schema.Problem{Field: "rate", Message: "rate must be a number, and this is true or false."}},
		{"flag", cty.StringVal("true"), schema.Problem{Field: "flag", Message: "flag must be true or false, and this is a string. Write true without quotes."}},
		{"flag", number("1"), schema.Problem{Field: "flag", Message: "flag must be true or false, and this is a number."}},
		{"text", number("12"), schema.Problem{Field: "text", Message: "text must be a string, and this is a number. Write it in quotes."}},
		{"counts", number("12"), schema.Problem{Field: "counts", Message: "counts must be a list of whole numbers, and this is a number. Write it in brackets: [ ... ]."}},
		{"counts", cty.TupleVal([]cty.Value{number("1"), cty.True}), schema.Problem{Field: "counts[1]", Message: "counts[1] must be a whole number, and this is true or false."}},
		{"weights", cty.EmptyTupleVal, schema.Problem{Field: "weights", Message: "weights must be a map of whole numbers, and this is a list. Write it in braces: { name = ... }."}},
		{"weights", cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x")}), schema.Problem{Field: "weights.a", Message: "a of weights must be a whole number, and this is a string."}},
	} {
		got := values{Count: 7, Rate: 7, Flag: true, Text: "7", Counts: []int{7}, Weights: map[string]int{"seven": 7}}
		before := got
		problems := field(t, &got, test.field).Assign(&got, test.value)
		if diff := cmp.Diff([]schema.Problem{test.want}, problems); diff != "" {
			t.Errorf("%s = %#v: %s", test.field, test.value, diff)
		}
		if diff := cmp.Diff(before, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s = %#v changed the configuration: %s", test.field, test.value, diff)
		}
	}
}

func TestLimits(t *testing.T) {
	c := values{Share: 0.75, Counts: []int{0, 1, 3, 4}}
	want := []schema.Problem{{Field: "share", Message: "share must be at most 0.5, not 0.75."}}
	if diff := cmp.Diff(want, field(t, &c, "share").CheckLimits(&c)); diff != "" {
		t.Error(diff)
	}
	want = []schema.Problem{
		{Field: "counts[0]", Message: "counts[0] must be at least 1, not 0."},
		{Field: "counts[3]", Message: "counts[3] must be at most 3, not 4."},
	}
	if diff := cmp.Diff(want, field(t, &c, "counts").CheckLimits(&c)); diff != "" {
		t.Error(diff)
	}
	if problems := field(t, &c, "count").CheckLimits(&c); problems != nil {
		t.Errorf("no limits, and %v", problems)
	}
}

func TestEnums(t *testing.T) {
	c := values{Mode: "fule", Modes: []string{"full", "knn", ""}, Source: "cifar100"}
	for name, want := range map[string][]schema.Problem{
		"mode": {{Field: "mode", Message: `mode must be "full", "linear" or "knn", not "fule". Did you mean "full"?`}},
		"modes": {
			{Field: "modes[1]", Message: `modes[1] must be "full" or "linear", not "knn".`},
			{Field: "modes[2]", Message: `modes[2] must be "full" or "linear", not "".`},
		},
		"source": {{Field: "source", Message: `source must be "cifar10", not "cifar100". Did you mean "cifar10"?`}},
	} {
		if diff := cmp.Diff(want, field(t, &c, name).CheckLimits(&c)); diff != "" {
			t.Error(diff)
		}
	}
	good := values{Mode: "", Modes: []string{"linear"}, Source: "cifar10"}
	for _, name := range []string{"mode", "modes", "source"} {
		if problems := field(t, &values{}, name).CheckLimits(&good); problems != nil {
			t.Errorf("%s: %v", name, problems)
		}
	}
}
