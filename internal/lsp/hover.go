package lsp

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/functions"
	"sslpipe/internal/plan"
)

// hover explains what is at a place: references and functions here, the names and
// labels of blocks and attributes by hcl-lang.
func (s *Server) hover(ctx context.Context, params json.RawMessage) (any, error) {
	_, d, offset, err := s.at(params)
	if err != nil {
		return nil, err
	}
	if u, part, ok := useAt(d, offset); ok {
		return s.hoverUse(d, u, part, offset), nil
	}
	for _, n := range s.declared(d) {
		if n.document == d && n.kind != "for_each" && covers(n.at, offset) {
			return hoverOf(d, n.at, s.explain(n)), nil
		}
	}
	if call := callAt(d, offset); call != nil {
		return s.hoverCall(d, call), nil
	}
	data, err := s.decoder(d, d.file).HoverAtPos(ctx, d.path, d.pos(offset))
	if err != nil || data == nil {
		return nil, nil //nolint:nilerr,nilnil // nothing is known of this place
	}
	return hoverOf(d, data.Range, data.Content.Value), nil
}

func hoverOf(d *document, r hcl.Range, text string) *hover {
	at := d.rangeSpan(r)
	return &hover{Contents: markdown(text), Range: &at}
}

// hoverUse explains a reference, or the output that it names.
func (s *Server) hoverUse(d *document, u use, part, offset int) any {
	n, ok := s.nameAt(d, offset)
	if !ok {
		return nil
	}
	text := s.explain(n)
	if kind, isStage := s.words.kind(n.kind); isStage && part == 2 {
		if o, ok := kind.Output(u.Parts[2]); ok {
			text = fmt.Sprintf("`%s` %s\n\n%s", u, o.Type, o.Doc)
		}
	}
	return hoverOf(d, u.Range, text)
}

// explain says what a name is.
func (s *Server) explain(n found) string {
	if kind, ok := s.words.kind(n.kind); ok {
		return join([]string{fmt.Sprintf("`%s` %s", n.address, s.units(n)), kind.Doc})
	}
	summary, value := s.summary(n), s.value(n)
	switch {
	case n.attribute == nil:
		if value != "" && source(n.document, n.block.Body.Attributes["default"]) != value {
			summary += ", now " + value
		}
	case value == "" || value == summary:
		summary = "= `" + summary + "`"
	default:
		summary = "= `" + summary + "` = `" + value + "`"
	}
	return join([]string{fmt.Sprintf("`%s` %s", n.address, summary), description(n)})
}

func join(paragraphs []string) string {
	var some []string
	for _, p := range paragraphs {
		if p = strings.TrimSpace(p); p != "" {
			some = append(some, p)
		}
	}
	return strings.Join(some, "\n\n")
}

// units says how much work a stage is, by the last plan without errors.
func (s *Server) units(n found) string {
	p := s.plans[n.uri]
	if p == nil {
		return ""
	}
	stages, units := p.Family(n.address), 0
	for _, stage := range stages {
		units += len(stage.Units)
	}
	switch {
	case len(stages) == 0:
		return ""
	case units == 1:
		return "1 unit"
	case len(stages) == 1:
		return fmt.Sprintf("%d units", units)
	}
	return fmt.Sprintf("%d units in %d stages", units, len(stages))
}

// value is what a variable or local comes to, by the last plan without errors.
func (s *Server) value(n found) string {
	p := s.plans[n.uri]
	if p == nil || n.scope != nil {
		return ""
	}
	e, diags := p.Eval(n.address)
	if diags.HasErrors() || e.Value == cty.NilVal {
		return ""
	}
	return oneLine(plan.Literal(e.Value))
}

// callAt returns the call whose function's name is at an offset.
func callAt(d *document, offset int) *hclsyntax.FunctionCallExpr {
	var found *hclsyntax.FunctionCallExpr
	_ = hclsyntax.VisitAll(d.body, func(node hclsyntax.Node) hcl.Diagnostics {
		if call, ok := node.(*hclsyntax.FunctionCallExpr); ok && covers(call.NameRange, offset) {
			found = call
		}
		return nil
	})
	return found
}

func (s *Server) hoverCall(d *document, call *hclsyntax.FunctionCallExpr) any {
	for _, f := range functions.List {
		if f.Name == call.Name {
			return hoverOf(d, call.NameRange, join([]string{"`" + f.Usage() + "`", functionDoc(f)}))
		}
	}
	return nil
}

func functionDoc(f functions.Function) string {
	return f.Doc + "\n\n```hcl\n" + f.Example + " # " + f.Result + "\n```"
}
