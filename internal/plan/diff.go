package plan

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"sslpipe/internal/schema"
)

// differ collects the differences between two recipes of a unit.
type differ struct {
	// indexed are the blocks whose place in the file counts even where there is
	// only one.
	indexed map[string]bool
	reasons []Reason
}

func (d *differ) add(r Reason) { d.reasons = append(d.reasons, r) }

// compareRecipes returns how a unit differs from an earlier recipe in all but its
// configuration and inputs. Coordinates can differ only under an address that does
// not hold them all.
func compareRecipes(before, now recipe) []Reason {
	var d differ
	if before.Version != now.Version {
		d.add(Reason{Kind: ReasonCode, Detail: now.Kind, Old: mustMarshal(before.Version), New: mustMarshal(now.Version)})
	}
	if before.Runtime != now.Runtime {
		d.add(Reason{Kind: ReasonRuntime, Old: mustMarshal(before.Runtime), New: mustMarshal(now.Runtime)})
	}
	d.value("workers", float64(max(before.Workers, 1)), float64(max(now.Workers, 1)))
	for _, key := range union(before.Coord, now.Coord) {
		d.value(key, coordinateAt(before.Coord, key), coordinateAt(now.Coord, key))
	}
	return d.reasons
}

func coordinateAt(c Coord, key string) any {
	if v, ok := c[key]; ok {
		return v
	}
	return missing{}
}

// compareConfigs returns how the configuration of a kind of stage differs from an
// earlier one, attribute by attribute.
func compareConfigs(kind Kind, before, now json.RawMessage) []Reason {
	d := differ{indexed: map[string]bool{}}
	if kind.New != nil {
		for _, f := range kind.Fields() {
			d.indexed[f.Name] = f.Form == schema.Ordered
		}
	}
	was, wasErr := decodeValue(before)
	is, isErr := decodeValue(now)
	if wasErr != nil || isErr != nil {
		return []Reason{{Kind: ReasonUnknown}}
	}
	d.value("", was, is)
	return d.reasons
}

// missing stands for a value that one side does not have.
type missing struct{}

// value compares two values of JSON at a path.
func (d *differ) value(path string, before, now any) {
	if reflect.DeepEqual(before, now) {
		return
	}
	if a, b, ok := bothChoices(before, now); ok {
		d.choices(path, a, b)
		return
	}
	a, isA := object(before)
	b, isB := object(now)
	if !isA || !isB {
		d.leaf(path, before, now)
		return
	}
	for _, key := range union(a, b) {
		d.value(under(path, key), member(a, key), member(b, key))
	}
}

func (d *differ) leaf(path string, before, now any) {
	r := Reason{Kind: ReasonConfig, Path: path, Old: raw(before), New: raw(now)}
	if isDigest(before) || isDigest(now) {
		r.Kind = ReasonFile
	}
	d.add(r)
}

func isDigest(v any) bool {
	text, ok := v.(string)
	return ok && digests.MatchString(text)
}

func raw(v any) json.RawMessage {
	if v == (any)(missing{}) {
		return nil
	}
	return mustMarshal(v)
}

// object returns a value as an object; an empty list is what recipes hold for an
// empty map.
func object(v any) (map[string]any, bool) {
	if list, ok := v.([]any); ok && len(list) == 0 {
		return nil, true
	}
	m, ok := v.(map[string]any)
	return m, ok
}

func member(m map[string]any, key string) any {
	if v, ok := m[key]; ok {
		return v
	}
	return missing{}
}

func under(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// union returns the keys of both maps, in order.
func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}
