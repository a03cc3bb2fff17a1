package plan

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// tracer compares the units of a plan with those of one earlier run. What a unit
// reads may have changed too, and is compared first.
type tracer struct {
	run     *EarlierRun
	memo    map[*Unit]*trace
	configs map[configPair][]Reason
}

// configPair is the configuration of a stage now, and what it was. The units of a
// stage share it.
type configPair struct {
	now    *Stage
	before string
}

func newTracer(run *EarlierRun) *tracer {
	return &tracer{run: run, memo: map[*Unit]*trace{}, configs: map[configPair][]Reason{}}
}

// trace is how a unit differs from an earlier run: by itself, and by what other
// units changed that it reads, directly or through others.
type trace struct {
	own, upstream []Reason
	inputs        []changedInput
}

// changedInput is an output that is read, as it was before, of a unit that has
// another fingerprint now.
type changedInput struct {
	unit   *Unit
	output string
	before string // fingerprint
}

// maxCauses bounds the reasons that a unit inherits, since they could be as many as
// there are stages, for each unit.
const maxCauses = 8

func (t *tracer) compare(u *Unit) *trace {
	if known := t.memo[u]; known != nil {
		return known
	}
	found := &trace{}
	t.memo[u] = found
	before, ok := t.run.Units[u.Address]
	switch {
	case !ok:
		found.own = []Reason{{Kind: ReasonNew}}
		return found
	case before.Fingerprint == u.Fingerprint:
		return found
	}
	var was, is recipe
	if json.Unmarshal(before.Recipe, &was) != nil || json.Unmarshal(u.Recipe, &is) != nil {
		found.own = []Reason{{Kind: ReasonUnknown}}
		return found
	}
	found.own = slices.Concat(compareRecipes(was, is), t.compareConfigs(u, was, is))
	for _, path := range union(was.Inputs, is.Inputs) {
		t.input(found, u, path, before.Inputs[path], was.Inputs[path])
	}
	if len(found.own)+len(found.upstream) == 0 {
		found.own = []Reason{{Kind: ReasonUnknown}}
	}
	return found
}

func (t *tracer) compareConfigs(u *Unit, was, is recipe) []Reason {
	key := configPair{now: u.Stage, before: string(was.Config)}
	reasons, known := t.configs[key]
	if !known {
		reasons = compareConfigs(u.Stage.Kind, was.Config, is.Config)
		t.configs[key] = reasons
	}
	return reasons
}

// input compares what a field refers to: names and sources are those of before.
func (t *tracer) input(found *trace, u *Unit, path string, names []string, sources []recipeInput) {
	before := make(map[string]string, len(names)) // fingerprints by name
	for i, name := range names {
		if i < len(sources) {
			before[name] = sources[i].Unit
		}
	}
	units := u.Inputs[path]
	now := make([]string, len(units))
	for i, in := range units {
		now[i] = in.Address + "." + u.InputOutputs[path][i]
		if fingerprint, ok := before[now[i]]; ok && fingerprint != in.Fingerprint {
			found.follow(in, t.compare(in))
			found.inputs = append(found.inputs, changedInput{unit: in, output: u.InputOutputs[path][i], before: fingerprint})
		}
	}
	found.own = append(found.own, compareNames(path, names, now)...)
}

// follow adds the differences of a unit that is read. The runtime is that of all
// units, and so a difference of each by itself.
func (f *trace) follow(in *Unit, of *trace) {
	for _, r := range of.own {
		if r.Kind != ReasonRuntime {
			r.Cause = in
			f.inherit(r)
		}
	}
	for _, r := range of.upstream {
		f.inherit(r)
	}
}

func (f *trace) inherit(r Reason) {
	if len(f.upstream) >= maxCauses {
		return
	}
	for _, known := range f.upstream {
		if known.same(r) {
			return
		}
	}
	f.upstream = append(f.upstream, r)
}

// compareNames compares the addresses of outputs that a field refers to: by their
// stages, and where those are the same, by how many units there are.
func compareNames(path string, before, now []string) []Reason {
	if slices.Equal(before, now) {
		return nil
	}
	old, all := stagesOf(before), stagesOf(now)
	gone, added := without(old, all), without(all, old)
	var reasons []Reason
	for i := range max(len(gone), len(added)) {
		r := Reason{Kind: ReasonInput, Path: path}
		if i < len(gone) {
			r.Old = mustMarshal(gone[i])
		}
		if i < len(added) {
			r.New = mustMarshal(added[i])
		}
		reasons = append(reasons, r)
	}
	if reasons == nil {
		reasons = []Reason{{Kind: ReasonInputUnits, Path: path, Old: mustMarshal(len(before)), New: mustMarshal(len(now))}}
	}
	return reasons
}

// stagesOf returns addresses of outputs without the coordinates that place a unit
// in its stage, each once.
func stagesOf(names []string) []string {
	seen := map[string]bool{}
	var stages []string
	for _, name := range names {
		if name = withoutCoord(name); !seen[name] {
			seen[name] = true
			stages = append(stages, name)
		}
	}
	return stages
}

var coordinate = regexp.MustCompile(`^[a-z_]+=-?[0-9]+$`)

// withoutCoord leaves of the brackets of an address what a sweep put there.
func withoutCoord(name string) string {
	open, closed := strings.LastIndexByte(name, '['), strings.LastIndexByte(name, ']')
	if open < 0 || open > closed {
		return name
	}
	parts := slices.DeleteFunc(strings.Split(name[open+1:closed], ","), coordinate.MatchString)
	if len(parts) == 0 {
		return name[:open] + name[closed+1:]
	}
	return name[:open+1] + strings.Join(parts, ",") + name[closed:]
}

func without(names, others []string) []string {
	known := map[string]bool{}
	for _, name := range others {
		known[name] = true
	}
	var rest []string
	for _, name := range names {
		if !known[name] {
			rest = append(rest, name)
		}
	}
	return rest
}
