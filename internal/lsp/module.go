package lsp

import (
	"slices"

	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// moduleAt returns the module block around an offset, nil for none.
func moduleAt(d *document, offset int) *hclsyntax.Block {
	for _, block := range d.body.Blocks {
		if block.Type == "module" && covers(block.Range(), offset) {
			return block
		}
	}
	return nil
}

// moduleFiles returns the files that a module block names.
func (s *Server) moduleFiles(d *document, block *hclsyntax.Block) []*document {
	source := block.Body.Attributes["source"]
	if source == nil {
		return nil
	}
	text, ok := literalText(source.Expr)
	if !ok {
		return nil
	}
	return s.module(d, text)
}

// moduleVariables offers the variables of a module that the block around the place
// does not set yet; those that need a value come first.
func (s *Server) moduleVariables(d *document, at place, offset int) []completionItem {
	block := moduleAt(d, offset)
	if block == nil {
		return nil
	}
	var items []completionItem
	for _, file := range s.moduleFiles(d, block) {
		for _, n := range s.words.names(file.body) {
			if n.kind != "variable" || block.Body.Attributes[n.word] != nil {
				continue
			}
			of := found{name: n, document: file}
			item := completionItem{
				Label: n.word, Kind: itemField, Detail: s.summary(of), SortText: "2" + n.word,
				TextEdit: &textEdit{Range: d.span(at.start, at.end), NewText: n.word},
			}
			if doc := description(of); doc != "" {
				item.Documentation = markdown(doc)
			}
			if n.block.Body.Attributes["default"] == nil {
				item.SortText = "1" + n.word
			}
			if d.restOfLine(at.end) == "" {
				item.TextEdit.NewText += " = "
			}
			items = append(items, item)
		}
	}
	return items
}

// moduleOutputs returns the names of the outputs of a module.
func (s *Server) moduleOutputs(n found) []string {
	var names []string
	for _, file := range s.moduleFiles(n.document, n.block) {
		for _, block := range file.body.Blocks {
			if block.Type == "output" && len(block.Labels) == 1 {
				names = append(names, block.Labels[0])
			}
		}
	}
	slices.Sort(names)
	return names
}
