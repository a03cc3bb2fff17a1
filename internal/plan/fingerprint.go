package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// recipe is everything that determines what a unit computes. Neither addresses
// nor paths, texts for people or times are in it, so that another file which
// asks for the same thing gets the same result.
type recipe struct {
	Kind    string                   `json:"kind"`
	Version int                      `json:"version"`
	Config  json.RawMessage          `json:"config"`
	Coord   Coord                    `json:"coord,omitempty"`
	Inputs  map[string][]recipeInput `json:"inputs,omitempty"`
	Runtime string                   `json:"runtime"`
	Workers int                      `json:"workers,omitempty"`
	// Sums is the version of how several workers add up.
	Sums int `json:"sums,omitempty"`
}

// sums is raised when code changes the order in which several workers add, on which
// the last bits of what they train depend.
const sums = 2

// recipeInput is an output of an upstream unit.
type recipeInput struct {
	Unit   string `json:"unit"`
	Output string `json:"output"`
	// Stage numbers the stages of a field's units: to evaluate, one stage with two
	// label budgets is one arm, and two stages are two.
	Stage int `json:"stage,omitempty"`
}

// identify gives every unit its fingerprint, upstream first.
func (p *planner) identify() {
	for _, s := range p.stages {
		config, err := s.canonical()
		if err != nil {
			p.report(hclspec.Errorf(s.header, "Cannot read file", "Reading a file that %s needs failed: %s.", s.out.Address, err))
			continue
		}
		for _, u := range s.out.Units {
			u.Recipe = u.recipe(config, p.options.Runtime)
			sum := sha256.Sum256(u.Recipe)
			u.Fingerprint = hex.EncodeToString(sum[:])
		}
	}
}

func (u *Unit) recipe(config json.RawMessage, runtime string) []byte {
	r := recipe{
		Kind: u.Stage.Kind.Name, Version: u.Stage.Kind.Version,
		Config: config, Coord: u.Coord, Runtime: runtime, Workers: u.Workers,
		Inputs: make(map[string][]recipeInput, len(u.Inputs)),
	}
	if u.Workers > 1 {
		r.Sums = sums
	}
	for path, units := range u.Inputs {
		sources, stages := make([]recipeInput, len(units)), stageNumbers{}
		for i, up := range units {
			sources[i] = recipeInput{Unit: up.Fingerprint, Output: u.InputOutputs[path][i], Stage: stages.number(up.Stage)}
		}
		r.Inputs[path] = sources
	}
	return mustMarshal(r)
}

// stageNumbers numbers stages in the order in which they come.
type stageNumbers map[*Stage]int

func (n stageNumbers) number(s *Stage) int {
	if _, seen := n[s]; !seen {
		n[s] = len(n)
	}
	return n[s]
}

// canonical returns the configuration as JSON: every attribute by its name in
// HCL with its value, given or default.
func (s *stage) canonical() (json.RawMessage, error) {
	object, err := canonicalizer{digest: s.p.record.digest, secret: s.secret}.object(s.out.Config, "")
	if err != nil {
		return nil, err
	}
	return mustMarshal(object), nil
}

// canonicalizer turns configurations into what fingerprints are made of.
type canonicalizer struct {
	digest func(path string) (string, error)
	// secret are the paths of values that only a hash stands for.
	secret map[string]bool
}

func (c canonicalizer) object(config any, prefix string) (map[string]any, error) {
	object := map[string]any{}
	for _, f := range schema.Fields(config) {
		if f.Ignored || f.Type.Ref {
			continue
		}
		value, err := c.field(f, config, prefix+f.Path)
		if err != nil {
			return nil, err
		}
		if value != nil && (f.Before == "" || value != f.Before) {
			object[f.Name] = value
		}
	}
	return object, nil
}

// field returns what stands for a field; nil if it is absent.
func (c canonicalizer) field(f schema.Field, config any, path string) (any, error) {
	switch {
	case f.Form == schema.Block:
		if inner := f.Inner(config, false); inner != nil {
			return c.object(inner, path+".")
		}
		return nil, nil
	case f.Form != schema.Attribute:
		return c.choices(f, config, path)
	case f.File:
		file := f.Get(config).(string)
		if file == "" {
			return "", nil
		}
		return c.digest(file)
	}
	v := reflect.ValueOf(f.Get(config))
	if c.secret[path] {
		return concealed(path, v.Interface()), nil
	}
	if (f.Type.List || f.Type.Map) && v.Len() == 0 {
		return []any{}, nil // whether nil or empty, list or map
	}
	return v.Interface(), nil
}

// concealed stands for a sensitive value: enough to see that it changed.
func concealed(path string, value any) string {
	sum := sha256.Sum256(append([]byte("sslpipe sensitive value of "+path+"\n"), mustMarshal(value)...))
	return "sensitive:" + hex.EncodeToString(sum[:])
}

func (c canonicalizer) choices(f schema.Field, config any, path string) (any, error) {
	choices := []any{}
	for i, choice := range f.Choices(config) {
		itemPath := path
		if f.Many {
			itemPath = fmt.Sprintf("%s[%d]", path, i)
		}
		inner, err := c.object(choice.Config, itemPath+".")
		if err != nil {
			return nil, err
		}
		choices = append(choices, map[string]any{"name": choice.Name, "version": choice.Version, "config": inner})
	}
	return choices, nil
}

// mustMarshal encodes values that always can be: HCL has neither infinities nor
// NaN, and everything else is a struct, map, string or number.
func mustMarshal(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("plan: encode %T: %v", v, err))
	}
	return data
}
