package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/glob"
	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// set is a --set: ADDRESS.ATTRIBUTE=VALUE.
type set struct {
	written string
	file    string // the name of its source
	// pattern is a pattern for addresses of stages: pretrain.*, or "pipeline".
	pattern string
	path    string
	text    string
	at      hcl.Range // of the value
	// expr is the value read as in a file, if it can be; diags say why not.
	expr  hcl.Expression
	diags hcl.Diagnostics
	refs  []hclspec.Reference
	// matched is true if the pattern fits a stage, used if the attribute is there.
	matched, used bool
	// known are paths that could have been meant.
	known map[string]bool
}

// pipelineAddress is how --set and --explain name the pipeline block.
const pipelineAddress = "pipeline"

// parseSets reads the texts of --set.
func (p *planner) parseSets() {
	for _, written := range p.options.Sets {
		address, text, ok := strings.Cut(written, "=")
		file := p.freeName("--set " + address)
		s := &set{file: file, written: written, text: text, known: map[string]bool{}, at: p.pseudo(file, written, min(len(written), len(address)+1))}
		s.pattern, s.path = splitSet(strings.TrimSpace(address))
		if !ok || s.path == "" {
			p.report(hclspec.Errorf(p.pseudo(file, written, 0), "Wrong form",
				"--set needs ADDRESS.ATTRIBUTE=VALUE, where the address is one of a stage or a pattern: --set 'pretrain.*.epochs=3'."))
			continue
		}
		if s.expr, s.diags = hclspec.ParseExpression(text, s.at); s.diags.HasErrors() {
			s.expr = nil
		} else {
			s.refs = hclspec.References(s.expr)
		}
		p.sets = append(p.sets, s)
	}
}

// freeName is a name for a source that no other has.
func (p *planner) freeName(name string) string {
	free := name
	for n := 2; p.files[free] != nil; n++ {
		free = fmt.Sprintf("%s (%d)", name, n)
	}
	return free
}

// setReferences are what the values refer to that --set gives to attributes of a
// block.
func (p *planner) setReferences(b *block) []hclspec.Reference {
	var refs []hclspec.Reference
	for _, s := range p.sets {
		if pattern, _, _ := strings.Cut(s.pattern, "["); glob.Match(pattern, b.address) {
			refs = append(refs, s.refs...)
		}
	}
	return refs
}

// splitSet splits pretrain.*.optimizer.learning_rate into the pattern of the stage
// and the path of the attribute.
func splitSet(text string) (pattern, path string) {
	parts := splitDots(text)
	n := 2
	for n+1 < len(parts) && parts[n-2] == "module" {
		n += 2
	}
	if len(parts) > 0 && parts[0] == pipelineAddress {
		n = 1
	}
	if len(parts) <= n {
		return text, ""
	}
	return strings.Join(parts[:n], "."), strings.Join(parts[n:], ".")
}

// splitDots splits at dots outside of brackets.
func splitDots(text string) []string {
	var parts []string
	depth, start := 0, 0
	for i, r := range text {
		switch {
		case r == '[':
			depth++
		case r == ']':
			depth--
		case r == '.' && depth == 0:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}

// matches tells whether the set is for a stage. A pattern without brackets is for
// all stages of a sweep.
func (s *set) matches(address string) bool {
	if !strings.Contains(s.pattern, "[") {
		address, _, _ = strings.Cut(address, "[")
	}
	return glob.Match(s.pattern, address)
}

// asText is the value as text, as it stands.
func (s *set) asText() hcl.Expression {
	return hcl.StaticExpr(cty.StringVal(s.text).Mark(given{text: s.text, base: "."}), s.at)
}

// setFor returns what --set gives for an attribute, or nil.
func (d *decoder) setFor(f schema.Field, path string) (hcl.Expression, hcl.Diagnostics) {
	var last *set
	for _, s := range d.sets {
		s.known[path] = true
		if s.path == path {
			s.used = true
			last = s
		}
	}
	if s := last; s != nil {
		text := f.Form != schema.Attribute || f.Type.Scalar == schema.String && !f.Type.Ref && !f.Type.List && !f.Type.Map
		if text && !strings.HasPrefix(s.text, `"`) && s.text != "null" {
			return s.asText(), nil
		}
		return s.expr, s.diags
	}
	return nil, nil
}

// setsInside tells whether a --set is for something within a block, and so makes it.
func (d *decoder) setsInside(path string) bool {
	return slices.ContainsFunc(d.sets, func(s *set) bool { return strings.HasPrefix(s.path, path+".") })
}

// excuseSets keeps --set for stages of a block, which are not known or have not been
// looked at after a mistake, from being called useless.
func (p *planner) excuseSets(b *block) {
	for _, s := range p.sets {
		if pattern, _, inBrackets := strings.Cut(s.pattern, "["); inBrackets && glob.Match(pattern, b.address) {
			s.used = true
		}
	}
}

// reportUnusedSets reports each --set that changes nothing.
func (p *planner) reportUnusedSets() {
	for _, s := range p.sets {
		at := p.pseudo(s.file, s.written, 0)
		switch {
		case s.used || !s.matched && p.incomplete:
		case !s.matched:
			names := append(sortedKeys(p.byAddress), pipelineAddress)
			p.report(hclspec.Errorf(at, "Unknown stage", "No stage has an address like %s.%s%s", s.pattern, listed("stages", names), schema.DidYouMean(s.pattern, names)))
		default:
			names := sortedKeys(s.known)
			p.report(hclspec.Errorf(at, "Unknown attribute", "There is no %s in %s.%s%s", s.path, s.pattern, listed("attributes", names), schema.DidYouMean(s.path, names)))
		}
	}
}

// setsOf returns the sets that are for a stage.
func (p *planner) setsOf(address string) []*set {
	var found []*set
	for _, s := range p.sets {
		if s.matches(address) {
			s.matched = true
			found = append(found, s)
		}
	}
	return found
}
