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
	Kind    string              `json:"kind"`
	Version int                 `json:"version"`
	Config  json.RawMessage     `json:"config"`
	Coord   Coord               `json:"coord,omitempty"`
	Inputs  map[string][]source `json:"inputs,omitempty"`
	Runtime string              `json:"runtime"`
}

// source is an output of an upstream unit.
type source struct {
	Unit   string `json:"unit"`
	Output string `json:"output"`
}

// identify gives every unit its fingerprint, upstream first.
func (p *planner) identify() {
	for _, i := range p.order {
		s := p.stages[i]
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
		Config: config, Coord: u.Coord, Runtime: runtime,
		Inputs: make(map[string][]source, len(u.Inputs)),
	}
	for path, units := range u.Inputs {
		sources := make([]source, len(units))
		for i, up := range units {
			sources[i] = source{Unit: up.Fingerprint, Output: u.InputOutputs[path][i]}
		}
		r.Inputs[path] = sources
	}
	return mustMarshal(r)
}

// canonical returns the configuration as JSON: every attribute by its name in
// HCL with its value, given or default.
func (s *stage) canonical() (json.RawMessage, error) {
	object, err := canonical(s.out.Config, s.p.options.Digest)
	if err != nil {
		return nil, err
	}
	return mustMarshal(object), nil
}

func canonical(config any, digest func(string) (string, error)) (map[string]any, error) {
	object := map[string]any{}
	for _, f := range schema.Fields(config) {
		if f.Ignored || f.Type.Ref {
			continue
		}
		value, err := canonicalField(f, config, digest)
		if err != nil {
			return nil, err
		}
		if value != nil {
			object[f.Name] = value
		}
	}
	return object, nil
}

// canonicalField returns what stands for a field; nil if it is absent.
func canonicalField(f schema.Field, config any, digest func(string) (string, error)) (any, error) {
	switch {
	case f.Form == schema.Block:
		if inner := f.Inner(config, false); inner != nil {
			return canonical(inner, digest)
		}
		return nil, nil
	case f.Form != schema.Attribute:
		return canonicalChoices(f, config, digest)
	case f.File:
		path := f.Get(config).(string)
		if path == "" {
			return "", nil
		}
		return digest(path)
	}
	v := reflect.ValueOf(f.Get(config))
	if (f.Type.List || f.Type.Map) && v.Len() == 0 {
		return []any{}, nil // whether nil or empty, list or map
	}
	return v.Interface(), nil
}

func canonicalChoices(f schema.Field, config any, digest func(string) (string, error)) (any, error) {
	choices := []any{}
	for _, c := range f.Choices(config) {
		inner, err := canonical(c.Config, digest)
		if err != nil {
			return nil, err
		}
		choices = append(choices, map[string]any{"name": c.Name, "version": c.Version, "config": inner})
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
