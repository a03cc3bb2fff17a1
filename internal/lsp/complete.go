package lsp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/hashicorp/hcl-lang/decoder"
	"github.com/hashicorp/hcl-lang/lang"
	"github.com/hashicorp/hcl/v2"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

// completion offers what can be written at a place. A space asks only for values,
// since it is also typed to indent.
func (s *Server) completion(ctx context.Context, params json.RawMessage) (any, error) {
	p, d, offset, err := s.at(params)
	if err != nil {
		return nil, err
	}
	list := completionList{Items: []completionItem{}}
	at := placeAt(d.src, offset)
	switch {
	case !at.within, hclspec.IsJSON(d.path):
	case at.attribute != "":
		list.Items = append(list.Items, s.values(d, at, offset)...)
	case p.Context.TriggerCharacter != " ":
		s.structure(ctx, d, at, offset, &list)
	}
	return list, nil
}

// structure offers attributes, blocks and labels, which are hcl-lang's.
func (s *Server) structure(ctx context.Context, d *document, at place, offset int, list *completionList) {
	candidates, err := s.decoder(d, repaired(d, offset)).CompletionAtPos(ctx, d.path, d.pos(offset))
	if err != nil {
		s.log.Debug("no completion", "error", err) // nothing fits there
		return
	}
	if n := len(at.blocks); n > 0 && at.blocks[n-1].kind == "module" {
		list.Items = s.moduleVariables(d, at, offset)
	}
	list.IsIncomplete = !candidates.IsComplete
	fields := s.words.fields(at.blocks)
	for _, c := range candidates.List {
		list.Items = append(list.Items, s.item(d, at, c, fields))
	}
}

// decoder is hcl-lang's view of a file.
func (s *Server) decoder(d *document, file *hcl.File) *decoder.PathDecoder {
	paths, err := decoder.NewDecoder(onePath{&decoder.PathContext{
		Schema: s.words.file,
		Files:  map[string]*hcl.File{d.path: file},
	}}).Path(lang.Path{Path: d.path})
	if err != nil {
		panic(err) // onePath has no errors
	}
	return paths
}

// repaired is a document as hcl-lang can take it: a place right before a closing
// brace would be outside of the block for it, and so would one at the end of a file
// with blocks that are not closed yet.
func repaired(d *document, offset int) *hcl.File {
	src := d.src
	if offset < len(src) && src[offset] == '}' {
		src = slices.Concat(src[:offset], []byte("\n"), src[offset:])
	}
	if n := len(placeAt(src, len(src)).blocks); n > 0 {
		src = slices.Concat(src, []byte(strings.Repeat("\n}", n)))
	}
	if len(src) == len(d.src) {
		return d.file
	}
	return hclspec.ParsePart(src, d.path)
}

// onePath gives hcl-lang one document.
type onePath struct{ context *decoder.PathContext }

// Paths implements decoder.PathReader.
func (p onePath) Paths(context.Context) []lang.Path { return nil }

// PathContext implements decoder.PathReader.
func (p onePath) PathContext(lang.Path) (*decoder.PathContext, error) { return p.context, nil }

// item turns a candidate of hcl-lang into one of the protocol: what is required
// comes first, attributes before blocks.
func (s *Server) item(d *document, at place, c lang.Candidate, fields []schema.Field) completionItem {
	item := completionItem{
		Label: c.Label, Kind: itemProperty, Detail: c.Detail, SortText: "2" + c.Label,
		TextEdit: &textEdit{Range: d.span(at.start, at.end), NewText: c.Label},
	}
	if c.Description.Value != "" {
		item.Documentation = markdown(c.Description.Value)
	}
	alone := d.restOfLine(at.end) == ""
	switch c.Kind {
	case lang.BlockCandidateKind:
		item.Kind, item.SortText, item.Detail = itemClass, "3"+c.Label, ""
		if s.snippets && alone {
			item.InsertTextFormat, item.TextEdit.NewText = snippetFormat, c.TextEdit.Snippet
		}
	case lang.LabelCandidateKind:
		item.Kind = itemEnum
	case lang.AttributeCandidateKind:
		if alone {
			item.TextEdit.NewText += " = "
		}
	}
	required := func(f schema.Field) bool { return f.Required && f.Name == c.Label }
	if c.Kind != lang.LabelCandidateKind && slices.ContainsFunc(fields, required) {
		item.SortText = "1" + c.Label
	}
	return item
}
