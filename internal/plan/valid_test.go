package plan_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/plan"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A valid fixture has beside it, as x.plan, what comes of it: every stage with the
// attributes that do not have their default and where they come from, and every unit
// with what it reads.
func TestValidFixturesComeToWhatIsBesideThem(t *testing.T) {
	for _, f := range fixtures(t, "valid") {
		t.Run(filepath.Base(f.path), func(t *testing.T) {
			p, diags := load(f)
			for _, d := range f.differences(diags) {
				t.Error(d)
			}
			if t.Failed() {
				t.Log(diags)
			}
			checkForm(t, p, diags)
			checkPlan(t, p, diags)
			golden(t, f.path+".plan", described(t, p))
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// checkPlan checks what holds for every plan: without errors each stage has units,
// and a unit comes behind what it reads.
func checkPlan(t *testing.T, p *plan.Plan, diags hcl.Diagnostics) {
	t.Helper()
	if diags.HasErrors() {
		if len(p.Stages)+len(p.Units) > 0 {
			t.Error("a plan with errors has stages")
		}
		return
	}
	done := map[*plan.Unit]bool{}
	for _, u := range p.Units {
		if len(u.Fingerprint) != 64 {
			t.Errorf("%s has the fingerprint %q", u.Address, u.Fingerprint)
		}
		for path, inputs := range u.Inputs {
			if len(inputs) != len(u.InputOutputs[path]) {
				t.Errorf("%s of %s has %d inputs and %d outputs", path, u.Address, len(inputs), len(u.InputOutputs[path]))
			}
			for _, in := range inputs {
				if !done[in] {
					t.Errorf("%s comes before %s, its %s", u.Address, in.Address, path)
				}
			}
		}
		done[u] = true
	}
	for _, s := range p.Stages {
		if len(s.Units) == 0 {
			t.Errorf("%s has no units", s.Address)
		}
	}
}

func described(t *testing.T, p *plan.Plan) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %q, %d seeds\n", p.Pipeline.Name, p.Pipeline.Description, p.Pipeline.Seeds)
	for _, v := range p.Pipeline.Variables {
		fmt.Fprintf(&b, "  var.%s = %s (%s)\n", v.Name, v.Text, short(v.From))
	}
	for _, s := range p.Stages {
		fmt.Fprintf(&b, "\n%s\n", s.Address)
		for _, o := range s.Origins() {
			if o.From != "default" {
				fmt.Fprintf(&b, "  %s = %v (%s)%s\n", o.Path, o.Plain(), o, uses(o))
			}
		}
		for _, u := range s.Units {
			fmt.Fprintf(&b, "  %s\n", u.Address)
			for _, path := range slices.Sorted(maps.Keys(u.Inputs)) {
				var inputs []string
				for i, in := range u.Inputs[path] {
					inputs = append(inputs, in.Address+" "+u.InputOutputs[path][i])
				}
				fmt.Fprintf(&b, "    %s: %s\n", path, strings.Join(inputs, ", "))
			}
		}
	}
	return withoutFolder(t, b.String())
}

// withoutFolder leaves out the folder of this package.
func withoutFolder(t *testing.T, text string) string {
	t.Helper()
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(text, work, "WORK")
}

func uses(o plan.Origin) string {
	var all []string
	for _, u := range o.Uses {
		text := u.Name + " = " + u.Value
		if u.From != "" {
			text += " (" + short(u.From) + ")"
		}
		all = append(all, text)
	}
	if all == nil {
		return ""
	}
	return " with " + strings.Join(all, ", ")
}

// short leaves out the folder of a place.
func short(place string) string {
	if strings.Contains(place, "/") {
		return filepath.Base(place)
	}
	return place
}
