package lsp

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// documentSymbol is the outline of a file: its blocks, and the blocks and names in
// them.
func (s *Server) documentSymbol(_ context.Context, params json.RawMessage) (any, error) {
	p, err := read[documentParams](params)
	if err != nil {
		return nil, err
	}
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	return s.symbols(d, d.body), nil
}

// symbolKinds are the kinds of symbols by the word of the language; others are
// stages, at the top of a file, and parts of stages within it.
var symbolKinds = map[string]int{
	"pipeline": symbolNamespace, "store": symbolNamespace, "cluster": symbolNamespace, "variable": symbolVariable, "locals": symbolNamespace,
	"module": symbolModule, "output": symbolProperty, "matrix": symbolNamespace,
}

func (s *Server) symbols(d *document, body *hclsyntax.Body) []symbol {
	out := []symbol{}
	for _, block := range body.Blocks {
		item := symbol{
			Name: block.Type, Kind: symbolObject,
			Range: d.rangeSpan(block.Range()), SelectionRange: d.rangeSpan(block.TypeRange),
		}
		if _, isStage := s.words.kind(block.Type); isStage && body == d.body {
			item.Kind = symbolClass
		} else if kind, ok := symbolKinds[block.Type]; ok {
			item.Kind = kind
		}
		if len(block.Labels) > 0 {
			item.Name = strings.Join(block.Labels, " ")
			item.Detail = block.Type
			item.SelectionRange = d.rangeSpan(block.LabelRanges[0])
		}
		if block.Type == "locals" || block.Type == matrixWord {
			item.Children = declaredSymbols(d, block)
		} else {
			item.Children = s.symbols(d, block.Body)
		}
		out = append(out, item)
	}
	return out
}

// declaredSymbols are the names that a block of them declares.
func declaredSymbols(d *document, block *hclsyntax.Block) []symbol {
	var out []symbol
	for _, n := range attributeNames(block, "", nil) {
		out = append(out, symbol{
			Name: n.word, Detail: source(d, n.attribute), Kind: symbolConstant,
			Range: d.rangeSpan(n.whole), SelectionRange: d.rangeSpan(n.at),
		})
	}
	return out
}
