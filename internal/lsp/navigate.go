package lsp

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// found is a name with the document that declares it.
type found struct {
	name
	*document
}

// declared returns the names that can be referred to from a document.
func (s *Server) declared(d *document) []found {
	var out []found
	for _, member := range s.pipelineOf(d) {
		for _, n := range s.words.names(member.body) {
			out = append(out, found{name: n, document: member})
		}
	}
	return out
}

// useAt returns the reference at an offset, and which of its parts is there.
func useAt(d *document, offset int) (use, int, bool) {
	for _, u := range uses(d.body) {
		if !covers(u.Range, offset) {
			continue
		}
		for i := range u.Ranges {
			if covers(u.Ranges[i], offset) {
				return u, i, true
			}
		}
	}
	return use{}, 0, false
}

// nameAt returns the name that is declared or referred to at an offset.
func (s *Server) nameAt(d *document, offset int) (found, bool) {
	u, _, isUse := useAt(d, offset)
	for _, n := range s.declared(d) {
		if isUse && u.to(n.name) || n.document == d && n.kind != "for_each" && covers(n.at, offset) {
			return n, true
		}
	}
	return found{}, false
}

// definition leads from a reference to what declares it, and from the source of a
// module to its files.
func (s *Server) definition(_ context.Context, params json.RawMessage) (any, error) {
	_, d, offset, err := s.at(params)
	if err != nil {
		return nil, err
	}
	if n, ok := s.nameAt(d, offset); ok {
		return []location{{URI: n.uri, Range: n.rangeSpan(n.at)}}, nil
	}
	locations := []location{}
	for _, block := range d.body.Blocks {
		if a := block.Body.Attributes["source"]; block.Type == "module" && a != nil && covers(a.Expr.Range(), offset) {
			source, _ := literalText(a.Expr)
			for _, file := range s.module(d, source) {
				locations = append(locations, location{URI: file.uri})
			}
		}
	}
	return locations, nil
}

// literalText is the value of an expression that is just text.
func literalText(expr hcl.Expression) (string, bool) {
	value, diags := expr.Value(nil)
	if diags.HasErrors() || value.Type() != cty.String || value.IsNull() || !value.IsKnown() {
		return "", false
	}
	return value.AsString(), true
}

// references returns the places that refer to a name.
func (s *Server) references(_ context.Context, params json.RawMessage) (any, error) {
	p, d, offset, err := s.at(params)
	if err != nil {
		return nil, err
	}
	locations := []location{}
	n, ok := s.nameAt(d, offset)
	if !ok {
		return locations, nil
	}
	if p.Context.IncludeDeclaration {
		locations = append(locations, location{URI: n.uri, Range: n.rangeSpan(n.at)})
	}
	for _, member := range s.pipelineOf(d) {
		for _, u := range uses(member.body) {
			if u.to(n.name) {
				locations = append(locations, location{URI: member.uri, Range: member.rangeSpan(u.word(member))})
			}
		}
	}
	return locations, nil
}

// rename changes a name where it is declared and wherever it is referred to.
func (s *Server) rename(_ context.Context, params json.RawMessage) (any, error) {
	p, d, offset, err := s.at(params)
	if err != nil {
		return nil, err
	}
	n, ok := s.nameAt(d, offset)
	if !ok || n.kind == "for_each" {
		return nil, &responseError{codeFailed, "there is no name of this file here"}
	}
	if !hclsyntax.ValidIdentifier(p.NewName) {
		return nil, &responseError{codeInvalidParams, fmt.Sprintf("%q cannot be a name: letters, digits, underscores and hyphens, beginning with a letter", p.NewName)}
	}
	address := n.address[:len(n.address)-len(n.word)] + p.NewName
	for _, other := range s.declared(d) {
		if other.address == address && other.at != n.at && (n.scope == nil || *n.scope == *other.scope) {
			return nil, &responseError{codeFailed, fmt.Sprintf("there already is %s", address)}
		}
	}
	edits := map[string][]textEdit{n.uri: {{Range: n.rangeSpan(n.at), NewText: p.NewName}}}
	for _, member := range s.pipelineOf(d) {
		for _, u := range uses(member.body) {
			if u.to(n.name) {
				edits[member.uri] = append(edits[member.uri], textEdit{Range: member.rangeSpan(u.word(member)), NewText: p.NewName})
			}
		}
	}
	return workspaceEdit{Changes: edits}, nil
}
