package stages

import (
	"path/filepath"
	"testing"

	"sslpipe/internal/plan"
)

// Every attribute of every stage in our pipelines, and the number of seeds, is given
// values that nobody needs. They are planned or refused: a panic, or memory for as many
// units as a number says, fails this.
func TestOddValuesAreNoEnd(t *testing.T) {
	paths, err := filepath.Glob("../../pipelines/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, path := range paths {
		load := func(sets ...string) *plan.Plan {
			p, diags := plan.Load([]string{path}, Kinds, plan.Options{Runtime: "test", Sets: sets})
			for _, d := range diags {
				if d.Subject == nil {
					t.Errorf("%s with %s: %v is about no place", path, sets, d)
				}
			}
			return p
		}
		addresses := []string{"pipeline.seeds"}
		for _, s := range load().Stages {
			for _, o := range s.Origins() {
				if name := s.Kind.Name + "." + o.Path; !tried[name] {
					tried[name] = true
					addresses = append(addresses, s.Address+"."+o.Path)
				}
			}
		}
		for _, address := range addresses {
			for _, value := range []string{"-1", "199e9"} {
				load(address + "=" + value)
			}
		}
	}
	for _, name := range []string{"pretrain.seeds", "finetune.labels_per_class", "augment.transform[0].padding"} {
		if !tried[name] {
			t.Errorf("%s was not tried, but %d others", name, len(tried))
		}
	}
}
