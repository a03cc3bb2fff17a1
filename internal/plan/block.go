package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// block is a stage block of a file. It makes one stage, or one for each cell of its
// sweep.
type block struct {
	spec    *hclspec.Stage
	scope   *scope
	kind    Kind
	address string
	// layers are the stage's own body and those of its bases, the nearest first.
	layers []layer
	sweep  *sweep
	// vague is true if a mistake keeps it from being known what the block is swept
	// over.
	vague bool
	// lost is true if the base cannot be read or has a mistake itself, so that what
	// the stage lacks may be there.
	lost bool
	// unshaped is true until it is known which stages the block makes, and after
	// a mistake in that.
	unshaped bool
	// ready is true once the block has been looked at.
	ready bool
	// stages are in the order of the sweep's cells.
	stages []*stage
	// cached and plain are the values of the block with and without the stages of
	// its sweep.
	cached, plain cty.Value
}

// layer is a body with what its expressions can name, and the address of the base
// that it comes from; "" for the stage's own.
type layer struct {
	body *hclspec.Body
	env  env
	from string
}

// value is what kind.name means: an object with a reference for each output, and
// for a sweep one of such objects for each key.
func (b *block) value() cty.Value {
	if b.cached != cty.NilVal {
		return b.cached
	}
	outputs := b.outputs(b.address)
	b.plain = cty.ObjectVal(outputs)
	if b.sweep != nil {
		for _, key := range b.sweep.keys() {
			outputs[key] = cty.ObjectVal(b.outputs(b.address + "[" + key + "]"))
		}
	}
	b.cached = cty.ObjectVal(outputs)
	return b.cached
}

func (b *block) outputs(address string) map[string]cty.Value {
	outputs := make(map[string]cty.Value, len(b.kind.Outputs))
	for _, o := range b.kind.Outputs {
		outputs[o.Name] = cty.CapsuleVal(artifactType, &schema.Ref{Stage: address, Output: o.Name})
	}
	return outputs
}

// plan decodes the stages that the block makes.
func (b *block) plan() {
	b.ready = true
	sound := b.findLayers()
	b.lost = !sound
	own, ok := b.ownSweep()
	if ok {
		ok = b.inherit(own)
	}
	b.cached = cty.NilVal
	if !ok { // once, without a sweep, for the other mistakes in it
		b.vague = true
		b.scope.p.excuseSets(b)
		b.decode(unclear(b.layers), "", nil, false)
		return
	}
	b.unshaped = false
	if b.sweep == nil {
		b.decode(b.layers, "", nil, sound)
		return
	}
	for i, c := range b.sweep.cells {
		layers := slices.Clone(b.layers)
		for j := range layers {
			layers[j].env = b.sweep.frames(layers[j].env, c)
		}
		if s := b.decode(layers, c.key(), &b.sweep.cells[i], sound); !s.decoded {
			b.scope.p.excuseSets(b)
			break // the others would say the same
		}
	}
}

// unclear are layers of a stage of which it is not known what it is swept over.
func unclear(layers []layer) []layer {
	layers = slices.Clone(layers)
	for i := range layers {
		layers[i].env.unclear = true
	}
	return layers
}

// findLayers follows base from stage to stage.
func (b *block) findLayers() bool {
	b.layers = []layer{{body: b.spec.Body, env: b.scope.inStages()}}
	content, _ := b.spec.Body.Read(hclspec.Want{Attributes: []string{"base"}, Keywords: []string{"base"}})
	attr := content.Attributes["base"]
	if attr == nil {
		return true
	}
	refs := hclspec.References(attr.Expr)
	_, isTraversal := attr.Expr.(interface{ AsTraversal() hcl.Traversal })
	if len(refs) != 1 || !isTraversal || len(refs[0].Parts) != 2 || refs[0].More || refs[0].Parts[0] != b.kind.Name {
		b.scope.p.report(hclspec.Errorf(attr.Expr.Range(), "Invalid base", "base names a stage of the same kind: base = %s.NAME.%s",
			b.kind.Name, listed(b.kind.Name+" stages", b.siblings())))
		return false
	}
	ok, d := b.scope.inStages().check(refs[0])
	if d != nil {
		b.scope.p.report(d)
	}
	base := b.scope.blocks[b.kind.Name][refs[0].Parts[1]]
	if base == nil || base == b || len(base.layers) == 0 { // or in a cycle, which is reported
		return false
	}
	for _, l := range base.layers {
		if l.from == "" {
			l.from = base.address
		}
		b.layers = append(b.layers, l)
	}
	return ok && (len(base.stages) == 0 || base.stages[0].decoded)
}

func (b *block) siblings() []string {
	return slices.DeleteFunc(sortedKeys(b.scope.blocks[b.kind.Name]), func(name string) bool { return name == b.spec.Name })
}

// inherit joins the block's own sweep with those of the stages that its single
// references name.
func (b *block) inherit(own *sweep) bool {
	ups, reads := b.sweptReferences(own)
	var all *sweep
	for _, up := range ups {
		all = join(all, up.sweep)
	}
	all = join(all, own)
	if all == nil {
		return true
	}
	if len(ups) > 0 && own != nil {
		if missing := all.addAlone(own, reads); len(missing) > 0 {
			return b.wrong(b.spec.Range, "This stage is swept over %s, but what it reads is not.%s", strings.Join(missing, ", "), sweptOver(ups))
		}
	}
	if len(all.cells) == 0 {
		return b.wrong(b.spec.Range, "What this stage reads is swept over values that have nothing in common.%s", sweptOver(ups))
	}
	if !b.soundSweep(all, b.spec.Range) {
		return false
	}
	b.sweep = all
	return true
}

// sweptOver lists the stages of sweeps, with a leading space.
func sweptOver(ups []*block) string {
	var text strings.Builder
	for _, up := range ups {
		text.WriteString(listed("stages of "+up.spec.Address(), up.sweep.quoted()))
	}
	return text.String()
}

// sweptReferences are the swept blocks that attributes for a single reference refer to
// as a whole, each once, and at which cells of the block's own sweep they do. Mistakes
// in the attributes are reported when they are decoded.
func (b *block) sweptReferences(own *sweep) (ups []*block, reads map[int]bool) {
	envs := []env{b.scope.inStages()}
	if own != nil {
		envs = nil
		for _, c := range own.cells {
			envs = append(envs, own.frames(b.scope.inStages(), c))
		}
	}
	reads = map[int]bool{}
	for _, f := range b.kind.Fields() {
		if f.Form != schema.Attribute || !f.Type.Ref || f.Type.List {
			continue
		}
		expr := b.expression(f.Name)
		if expr == nil {
			continue
		}
		for n, e := range envs {
			v, ok, _ := e.forReferences(expr).value(expr)
			if !ok {
				b.layers = unclear(b.layers)
				break
			}
			for _, up := range b.sweptIn(v) {
				reads[n] = true
				if !slices.Contains(ups, up) {
					ups = append(ups, up)
				}
			}
		}
	}
	return ups, reads
}

// sweptIn are the swept blocks that a value refers to as a whole.
func (b *block) sweptIn(v cty.Value) []*block {
	v, _ = v.UnmarkDeep()
	var ups []*block
	for _, ref := range refsOf(v) {
		if up := b.scope.p.blocks[ref.Stage]; up != nil && up.sweep != nil {
			ups = append(ups, up)
		}
	}
	return ups
}

// expression is that of an attribute of the stage or its bases, or what --set gives.
func (b *block) expression(name string) hcl.Expression {
	if set := b.scope.p.findSet(b.address, name); set != nil {
		return set.expr
	}
	for _, l := range b.layers {
		content, _ := l.body.Read(hclspec.Want{Attributes: []string{name}})
		if attr := content.Attributes[name]; attr != nil {
			return attr.Expr
		}
	}
	return nil
}

// decode makes one stage. Without sound, it is only looked at for mistakes.
func (b *block) decode(layers []layer, key string, c *cell, sound bool) *stage {
	p := b.scope.p
	address, name := b.address, b.spec.Name
	if key != "" {
		address += "[" + key + "]"
		name += "[" + key + "]"
	}
	if b.scope.address != "" {
		name = schema.Ref{Stage: address}.Name()
	}
	s := &stage{
		block: b, cell: c,
		out: &Stage{Kind: b.kind, Name: name, Address: address, Config: b.kind.New(), Range: b.spec.Range},
	}
	s.decoder = newDecoder(p, b.kind.Families, b.spec.Range, s)
	s.decoded = s.body(layers, s.out.Config, fmt.Sprintf("%s %q", b.kind.Name, b.spec.Name), "", b.spec.Range)
	s.sound = s.decoded && sound
	s.out.decoded = s.decoder
	b.stages = append(b.stages, s)
	p.stages = append(p.stages, s)
	p.byAddress[address] = s
	p.link(s)
	return s
}
