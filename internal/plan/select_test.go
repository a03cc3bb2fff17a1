package plan_test

import (
	"slices"
	"strings"
	"testing"

	"sslpipe/internal/plan"
)

// chosen are the addresses that a selection of the experiment lets run, and those
// that it forces.
func chosen(t *testing.T, s plan.Selection) (runs, forced []string) {
	t.Helper()
	p := mustParse(t, experiment)
	c, err := p.Select(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range p.Units {
		if c.Runs(u) {
			runs = append(runs, u.Address)
		}
		if c.Forced(u) {
			forced = append(forced, u.Address)
		}
	}
	return runs, forced
}

func TestSelect(t *testing.T) {
	rot := []string{"pretrain.rot[seed=0]", "pretrain.rot[seed=1]", "pretrain.rot[seed=2]"}
	ssl := []string{
		"finetune.ssl[labels=10,seed=0]", "finetune.ssl[labels=10,seed=1]", "finetune.ssl[labels=10,seed=2]", "finetune.ssl[labels=10,seed=3]",
		"finetune.ssl[labels=50,seed=0]", "finetune.ssl[labels=50,seed=1]", "finetune.ssl[labels=50,seed=2]", "finetune.ssl[labels=50,seed=3]",
	}
	report := []string{"evaluate.report"}
	for name, c := range map[string]struct {
		s    plan.Selection
		want []string
	}{
		"stage":            {plan.Selection{Only: []string{"pretrain.rot"}}, rot},
		"kind":             {plan.Selection{Only: []string{"pretrain.*"}}, rot},
		"one unit":         {plan.Selection{Only: []string{"pretrain.rot[seed=1]"}}, rot[1:2]},
		"units of a seed":  {plan.Selection{Only: []string{"*ssl[*seed=3]"}}, []string{ssl[3], ssl[7]}},
		"two":              {plan.Selection{Only: []string{"evaluate.*", "pretrain.*"}}, append(slices.Clone(rot), report...)},
		"from":             {plan.Selection{From: []string{"finetune.ssl"}}, append(slices.Clone(ssl), report...)},
		"from one unit":    {plan.Selection{From: []string{"pretrain.rot[seed=2]"}}, []string{rot[2], ssl[2], ssl[6], report[0]}},
		"until":            {plan.Selection{Until: []string{"pretrain.rot[seed=0]"}}, []string{"download.images", "augment.views", rot[0]}},
		"between":          {plan.Selection{From: []string{"pretrain.rot"}, Until: []string{"finetune.ssl"}}, append(slices.Clone(rot), ssl...)},
		"exclude":          {plan.Selection{From: []string{"pretrain.rot"}, Exclude: []string{"finetune.*"}}, append(slices.Clone(rot), report...)},
		"only and exclude": {plan.Selection{Only: []string{"pretrain.*"}, Exclude: []string{"*[seed=0]"}}, rot[1:]},
	} {
		got, forced := chosen(t, c.s)
		if !slices.Equal(sorted(got), sorted(c.want)) || forced != nil {
			t.Errorf("%s: %v, want %v; forced %v", name, got, c.want, forced)
		}
	}
	_, forced := chosen(t, plan.Selection{Until: []string{"pretrain.rot"}, Force: []string{"pretrain.rot[seed=1]"}})
	if !slices.Equal(forced, rot[1:2]) {
		t.Errorf("forced %v", forced)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestNoSelectionIsEverything(t *testing.T) {
	p := mustParse(t, experiment)
	c, err := p.Select(plan.Selection{})
	if c != nil || err != nil || !c.Runs(p.Units[0]) || c.Forced(p.Units[0]) {
		t.Errorf("%v, %v", c, err)
	}
}

func TestSelectMistakes(t *testing.T) {
	p := mustParse(t, experiment)
	stages := " The stages are: download.images, finetune.scratch, augment.views, pretrain.rot, finetune.ssl, evaluate.report."
	for _, c := range []struct {
		s    plan.Selection
		want string
	}{
		{plan.Selection{Only: []string{"pretrain.rto"}}, `--only "pretrain.rto" stands for no stage or unit. Did you mean "pretrain.rot"?`},
		{plan.Selection{Only: []string{"finetun.*"}}, `--only "finetun.*" stands for no stage or unit. Did you mean "finetune.*"?`},
		{plan.Selection{From: []string{"pretrain.rot[seed=7]"}}, `--from "pretrain.rot[seed=7]" stands for no stage or unit. Did you mean "pretrain.rot[seed=0]"?`},
		{plan.Selection{Until: []string{"*x*"}}, `--until "*x*" stands for no stage or unit.` + stages},
		{plan.Selection{Exclude: []string{""}}, `--exclude "" stands for no stage or unit.` + stages},
		{plan.Selection{Force: []string{"rot"}, Only: []string{"nothing"}}, `--only "nothing" stands for no stage or unit.` + stages},
		{plan.Selection{Only: []string{"pretrain.*"}, Exclude: []string{"pretrain.rot"}}, "nothing is selected: no unit is in all of what --only, --from and --until name, less --exclude"},
		{plan.Selection{Only: []string{"pretrain.*"}, Force: []string{"evaluate.report"}}, `--force "evaluate.report" is not among what the other flags select`},
	} {
		if _, err := p.Select(c.s); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.s, err, c.want)
		}
	}
	_, err := p.Select(plan.Selection{Force: []string{"a"}, Only: []string{"b"}})
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("both mistakes at once: %v", err)
	}
}
