package plan_test

import (
	"strings"
	"testing"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

func TestTheseKindsKeepTheContract(t *testing.T) {
	if err := plan.CheckKinds(fakeKinds(1, 1)); err != nil {
		t.Error(err)
	}
}

func TestCheckKinds(t *testing.T) {
	type reserved struct {
		Base int `hcl:"base,optional" doc:"Reserved."`
	}
	type undocumented struct {
		X int `hcl:"x,optional"`
	}
	type wrongRef struct {
		X schema.Ref `hcl:"x" ref:"picture" doc:"X."`
	}
	type untyped struct {
		X schema.Ref `hcl:"x" doc:"X."`
	}
	type unknownFamily struct {
		X schema.Choice `family:"nothing" doc:"X."`
	}
	type clash struct {
		Crop int             `hcl:"crop,optional" doc:"X."`
		All  []schema.Choice `blocks:"transform" doc:"X."`
	}
	shared := &downloadConfig{}
	for want, edit := range map[string]func(k *plan.Kind){
		`"locals" is a reserved word`:                                 func(k *plan.Kind) { k.Name = "locals" },
		`"Download" is not a name in lower case`:                      func(k *plan.Kind) { k.Name = "Download" },
		`has no Doc`:                                                  func(k *plan.Kind) { k.Doc = "" },
		`has no Version`:                                              func(k *plan.Kind) { k.Version = 0 },
		`has no Run`:                                                  func(k *plan.Kind) { k.Run = nil },
		`has no Outputs`:                                              func(k *plan.Kind) { k.Outputs = nil },
		`output o has the type "picture"`:                             func(k *plan.Kind) { k.Outputs = []plan.Output{{Name: "o", Type: "picture", Doc: "O."}} },
		`must have both of Memory and MemoryBy`:                       func(k *plan.Kind) { k.MemoryBy = "size" },
		`New must return a pointer`:                                   func(k *plan.Kind) { k.New = nil },
		`New returns the same configuration twice`:                    func(k *plan.Kind) { k.New = func() any { return shared } },
		`"base" is a reserved word`:                                   func(k *plan.Kind) { k.New = func() any { return &reserved{} } },
		`x has no doc`:                                                func(k *plan.Kind) { k.New = func() any { return &undocumented{} } },
		`x refers to "picture", which is not a type of artifact`:      func(k *plan.Kind) { k.New = func() any { return &wrongRef{} } },
		`x needs a ref tag exactly if it is a Ref`:                    func(k *plan.Kind) { k.New = func() any { return &untyped{} } },
		`names the family "nothing", which is not among its Families`: func(k *plan.Kind) { k.New = func() any { return &unknownFamily{} } },
		`crop is declared twice`: func(k *plan.Kind) {
			k.New = func() any { return &clash{} }
			k.Families = map[string]schema.Family{"transform": transforms}
		},
	} {
		k := downloadKind()
		edit(&k)
		if err := plan.CheckKinds([]plan.Kind{k}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	if err := plan.CheckKinds([]plan.Kind{downloadKind(), downloadKind()}); err == nil || !strings.Contains(err.Error(), "is listed twice") {
		t.Errorf("got %v", err)
	}
}

func TestFieldsOfAKind(t *testing.T) {
	fields := downloadKind().Fields()
	if len(fields) != 5 || fields[3].Name != "size" || fields[3].Default != 28 {
		t.Errorf("fields are %+v", fields)
	}
	if got := plan.PipelineFields(); got[1].Name != "seeds" || got[1].Default != 6 {
		t.Errorf("fields of the pipeline block are %+v", got)
	}
}
