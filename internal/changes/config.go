package changes

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sslpipe/internal/plan"
	"sslpipe/internal/schema"
)

// comparer compares the configurations of stages.
type comparer struct {
	digest func(path string) (string, error)
	// digests are those of files that were asked for.
	digests map[string]string
	// names are the addresses after of stages that were there before.
	names map[string]string
	err   error
}

// configs compares the configurations of one kind of stage.
type configs struct {
	*comparer
	families map[string]schema.Family
}

// stages compares two stages of a kind.
func (c *comparer) stages(before, after *plan.Stage) []Change {
	all := configs{c, after.Kind.Families}.config(before.Config, after.Config, "")
	for i, change := range all {
		if before.Sensitive(change.Path) || after.Sensitive(change.Path) {
			all[i].Before, all[i].After = concealed, concealed
		}
	}
	return all
}

// concealed stands for a value that must not be seen.
const concealed = "(sensitive)"

// config compares two configurations of one type, whose paths begin with prefix.
func (c configs) config(before, after any, prefix string) []Change {
	var all []Change
	for _, f := range schema.Fields(before) {
		path := prefix + f.Name
		switch {
		case f.Form == schema.Block:
			all = append(all, c.block(f, before, after, path)...)
		case f.Form != schema.Attribute:
			all = append(all, c.choices(f, f.Choices(before), f.Choices(after), path)...)
		default:
			all = append(all, c.attribute(f, before, after, path)...)
		}
	}
	return all
}

func (c configs) attribute(f schema.Field, before, after any, path string) []Change {
	if f.Type.Ref {
		return c.references(f, before, after, path)
	}
	a, b := f.Get(before), f.Get(after)
	if same(a, b) || f.File && c.sameFile(a.(string), b.(string)) {
		return nil
	}
	return []Change{{Path: path, Form: Attribute, Before: a, After: b}}
}

// same takes an empty list or map for none.
func same(a, b any) bool {
	va, vb := reflect.ValueOf(a), reflect.ValueOf(b)
	if va.Kind() == vb.Kind() && (va.Kind() == reflect.Slice || va.Kind() == reflect.Map) && va.Len()+vb.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a, b)
}

func (c *comparer) sameFile(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	return c.content(a) == c.content(b)
}

func (c *comparer) content(path string) string {
	if known, ok := c.digests[path]; ok {
		return known
	}
	digest, err := c.digest(path)
	if err != nil {
		c.err = fmt.Errorf("read %s: %w", path, err)
	}
	c.digests[path] = digest
	return digest
}

// references compares what a field refers to, by the stages that are the same.
func (c *comparer) references(f schema.Field, before, after any, path string) []Change {
	a, b := addresses(f.RefsIn(before)), addresses(f.RefsIn(after))
	still := make([]string, len(a)) // what those of before are called after
	for i, ref := range a {
		still[i] = c.renamed(ref)
	}
	change := Change{Path: path, Form: Reference, Before: a, After: b}
	switch {
	case slices.Equal(still, b):
		return nil
	case !f.Type.List:
		change.Before, change.After = one(a), one(b)
		return []Change{change}
	}
	for i, ref := range a {
		if !slices.Contains(b, still[i]) {
			change.Gone = append(change.Gone, ref)
		}
	}
	for _, ref := range b {
		if !slices.Contains(still, ref) {
			change.New = append(change.New, ref)
		}
	}
	return []Change{change}
}

func addresses(refs []schema.Ref) []string {
	all := make([]string, len(refs))
	for i, ref := range refs {
		all[i] = ref.String()
	}
	return all
}

func one(names []string) any {
	if len(names) == 0 {
		return nil
	}
	return names[0]
}

// renamed is the output that a reference of before has after.
func (c *comparer) renamed(ref string) string {
	dot := strings.LastIndexByte(ref, '.')
	if name, ok := c.names[ref[:dot]]; ok {
		return name + ref[dot:]
	}
	return "" // nothing is the same
}

func (c configs) block(f schema.Field, before, after any, path string) []Change {
	a, b := f.Inner(before, false), f.Inner(after, false)
	switch {
	case isNil(a) && isNil(b):
		return nil
	case isNil(a):
		return []Change{{Path: path, Form: Block, After: attributes(b)}}
	case isNil(b):
		return []Change{{Path: path, Form: Block, Before: attributes(a)}}
	}
	return c.config(a, b, path+".")
}

func isNil(config any) bool { return config == nil || reflect.ValueOf(config).IsNil() }

// attributes are those of a block, by name.
func attributes(config any) map[string]any {
	values := map[string]any{}
	for _, f := range schema.Fields(config) {
		if f.Form == schema.Attribute {
			values[f.Name] = f.Get(config)
		}
	}
	return values
}

// choices compares lists of variants: those at the beginning and at the end that
// have kept their names with each other, and what lies between them in order.
func (c configs) choices(f schema.Field, before, after []schema.Choice, path string) []Change {
	short := min(len(before), len(after))
	head, tail := 0, 0
	for head < short && before[head].Name == after[head].Name {
		head++
	}
	for tail < short-head && before[len(before)-1-tail].Name == after[len(after)-1-tail].Name {
		tail++
	}
	pad := make([]schema.Choice, max(len(before), len(after))-short) // for what only one of them has
	before = slices.Insert(slices.Clone(before), len(before)-tail, pad[:max(0, len(after)-len(before))]...)
	after = slices.Insert(slices.Clone(after), len(after)-tail, pad[:len(before)-len(after)]...)
	var all []Change
	for i := range before {
		at := path
		if len(before) > 1 {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		for _, change := range c.choice(f, before[i], after[i], at) {
			if f.Form == schema.Ordered && change.Form != Variant {
				change.Of = after[i].Name
			}
			all = append(all, change)
		}
	}
	return all
}

// choice compares two variants, of which one may be absent. What only one of them
// can be told is a change where it is not the default.
func (c configs) choice(f schema.Field, before, after schema.Choice, path string) []Change {
	if before.Name == after.Name {
		return c.config(before.Config, after.Config, path+".")
	}
	all := []Change{{Path: path, Form: Variant, Before: name(before), After: name(after)}}
	if after.Name == "" {
		return all
	}
	was, is := c.settings(f.Family, before), c.settings(f.Family, after)
	for _, key := range slices.Sorted(maps.Keys(joined(was, is))) {
		a, b := was[key], is[key]
		if a.value == nil && b.isDefault || b.value == nil && a.isDefault || same(a.value, b.value) {
			continue
		}
		all = append(all, Change{Path: path + "." + key, Form: Attribute, Before: a.value, After: b.value})
	}
	return all
}

func name(c schema.Choice) any {
	if c.Name == "" {
		return nil
	}
	return c.Name
}

// setting is the value of an attribute of a variant.
type setting struct {
	value     any
	isDefault bool
}

// settings are the attributes of a variant by name; none for an absent one.
func (c configs) settings(family string, choice schema.Choice) map[string]setting {
	variant, ok := c.families[family].Find(choice.Name)
	if !ok {
		return nil
	}
	defaults, all := attributes(variant.New()), map[string]setting{}
	for key, value := range attributes(choice.Config) {
		all[key] = setting{value: value, isDefault: same(value, defaults[key])}
	}
	return all
}

func joined[V any](a, b map[string]V) map[string]V {
	all := maps.Clone(b)
	if all == nil {
		all = map[string]V{}
	}
	maps.Copy(all, a)
	return all
}
