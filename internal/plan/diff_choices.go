package plan

import (
	"encoding/json"
	"fmt"
	"slices"
)

// choice is a block that names a variant, as a recipe holds it.
type choice struct {
	name    string
	version json.Number
	config  any
}

// bothChoices returns two lists of blocks that name variants; ok is false if the
// values are anything else.
func bothChoices(before, now any) (a, b []choice, ok bool) {
	a, isA := choicesIn(before)
	b, isB := choicesIn(now)
	return a, b, isA && isB && len(a)+len(b) > 0
}

func choicesIn(v any) ([]choice, bool) {
	if v == (any)(missing{}) {
		return nil, true
	}
	elements, ok := v.([]any)
	if !ok {
		return nil, false
	}
	choices := make([]choice, len(elements))
	for i, element := range elements {
		m, _ := element.(map[string]any)
		name, isName := m["name"].(string)
		version, isVersion := m["version"].(json.Number)
		config, hasConfig := m["config"]
		if len(m) != 3 || !isName || !isVersion || !hasConfig {
			return nil, false
		}
		choices[i] = choice{name: name, version: version, config: config}
	}
	return choices, true
}

// choices compares lists of variants: each with the one that it stands for, and
// those that are new or gone by themselves.
func (d *differ) choices(path string, before, now []choice) {
	label := func(i int) string {
		if len(before) > 1 || len(now) > 1 || d.indexed[path] {
			return fmt.Sprintf("%s[%d]", path, i)
		}
		return path
	}
	for _, p := range align(before, now) {
		switch {
		case p.now < 0:
			d.add(Reason{Kind: ReasonVariant, Path: label(p.before), Old: mustMarshal(before[p.before].name)})
		case p.before < 0:
			d.add(Reason{Kind: ReasonVariant, Path: label(p.now), New: mustMarshal(now[p.now].name)})
		default:
			d.choice(label(p.now), before[p.before], now[p.now])
		}
	}
}

func (d *differ) choice(path string, before, now choice) {
	if before.name != now.name {
		d.add(Reason{Kind: ReasonVariant, Path: path, Old: mustMarshal(before.name), New: mustMarshal(now.name)})
		return
	}
	if before.version != now.version {
		d.add(Reason{Kind: ReasonVariantCode, Path: path, Detail: now.name, Old: mustMarshal(before.version), New: mustMarshal(now.version)})
	}
	d.value(path, before.config, now.config)
}

// pair is two places of which one stands for the other; -1 is none.
type pair struct{ before, now int }

// align pairs the blocks of two lists: in order where there are as many as before,
// otherwise those that keep their order by name, and what lies between them as far
// as it goes.
func align(before, now []choice) []pair {
	var pairs []pair
	i, j := 0, 0
	for _, p := range append(anchors(before, now), pair{len(before), len(now)}) {
		for i < p.before || j < p.now {
			next := pair{-1, -1}
			if i < p.before {
				next.before = i
				i++
			}
			if j < p.now {
				next.now = j
				j++
			}
			pairs = append(pairs, next)
		}
		if p.before < len(before) && p.now < len(now) {
			pairs = append(pairs, p)
			i, j = p.before+1, p.now+1
		}
	}
	return pairs
}

// maxAligned bounds the table of anchors; longer lists are paired in order.
const maxAligned = 256

// anchors is a longest common subsequence of names, unless the lists are of one
// length.
func anchors(before, now []choice) []pair {
	if len(before) == len(now) || len(before) > maxAligned || len(now) > maxAligned {
		return nil
	}
	length := make([][]int, len(before)+1) // of the rest of both lists
	for i := range length {
		length[i] = make([]int, len(now)+1)
	}
	for i, was := range slices.Backward(before) {
		for j, is := range slices.Backward(now) {
			length[i][j] = max(length[i+1][j], length[i][j+1])
			if was.name == is.name {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	var found []pair
	for i, j := 0, 0; i < len(before) && j < len(now); {
		switch {
		case before[i].name == now[j].name:
			found = append(found, pair{i, j})
			i++
			j++
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return found
}
