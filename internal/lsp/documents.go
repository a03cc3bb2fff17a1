package lsp

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"sslpipe/internal/hclspec"
)

// document is an open file as the editor shows it.
type document struct {
	uri     string
	path    string
	version int
	*text
	// file is what could be parsed: never nil, but empty for JSON and for text
	// beyond the limits of the language.
	file *hcl.File
	body *hclsyntax.Body
}

func newDocument(uri string, version int, src []byte) *document {
	d := &document{uri: uri, path: pathOf(uri), version: version, text: newText(src)}
	d.file = hclspec.ParsePart(src, d.path)
	d.body = d.file.Body.(*hclsyntax.Body)
	return d
}

// pathOf returns the path of a file; other URIs, such as that of a new file which
// has never been saved, stand for themselves.
func pathOf(uri string) string {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "file" {
		return uri
	}
	return filepath.FromSlash(u.Path)
}

func uriOf(path string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()
}

// initialize says what the server can do.
func (s *Server) initialize(_ context.Context, params json.RawMessage) (any, error) {
	p, err := read[initializeParams](params)
	if err != nil {
		return nil, err
	}
	if s.initialized {
		return nil, &responseError{codeInvalidRequest, "initialize was already called"}
	}
	s.initialized = true
	s.snippets = p.Capabilities.TextDocument.Completion.CompletionItem.SnippetSupport
	const incremental = 2
	return map[string]any{
		"capabilities": map[string]any{
			"positionEncoding":           "utf-16",
			"textDocumentSync":           map[string]any{"openClose": true, "change": incremental, "save": true},
			"completionProvider":         map[string]any{"triggerCharacters": []string{".", "\"", " "}},
			"hoverProvider":              true,
			"definitionProvider":         true,
			"referencesProvider":         true,
			"renameProvider":             true,
			"documentFormattingProvider": true,
			"documentSymbolProvider":     true,
		},
		"serverInfo": map[string]any{"name": "sslpipe"},
	}, nil
}

func (s *Server) shutDown(context.Context, json.RawMessage) (any, error) {
	s.shutdown = true
	return nil, nil
}

func (s *Server) didOpen(params json.RawMessage) error {
	p, err := read[openParams](params)
	if err != nil {
		return err
	}
	t := p.TextDocument
	s.documents[t.URI] = newDocument(t.URI, t.Version, []byte(t.Text))
	s.checker.soon(t.URI)
	return nil
}

func (s *Server) didChange(params json.RawMessage) error {
	p, err := read[changeParams](params)
	if err != nil {
		return err
	}
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return err
	}
	t := d.text
	for _, change := range p.ContentChanges {
		src := []byte(change.Text)
		if r := change.Range; r != nil {
			start, end := t.offset(r.Start), t.offset(r.End)
			src = slices.Concat(t.src[:start], src, t.src[max(start, end):])
		}
		t = newText(src)
	}
	s.documents[d.uri] = newDocument(d.uri, p.TextDocument.Version, t.src)
	s.checkAll()
	return nil
}

func (s *Server) didSave(params json.RawMessage) error {
	p, err := read[documentParams](params)
	if err != nil {
		return err
	}
	if _, err := s.document(p.TextDocument.URI); err != nil {
		return err
	}
	s.checkAll()
	return nil
}

func (s *Server) didClose(params json.RawMessage) error {
	p, err := read[documentParams](params)
	if err != nil {
		return err
	}
	uri := p.TextDocument.URI
	s.checker.forget(uri)
	s.publish(uri, nil, nil)
	s.retract(uri, nil)
	delete(s.documents, uri)
	delete(s.plans, uri)
	s.checkAll()
	return nil
}

// checkAll has all open files checked, since they may be parts of one pipeline.
func (s *Server) checkAll() {
	for uri := range s.documents {
		s.checker.soon(uri)
	}
}

func (s *Server) document(uri string) (*document, error) {
	d, ok := s.documents[uri]
	if !ok {
		return nil, &responseError{codeInvalidParams, fmt.Sprintf("%s is not open", uri)}
	}
	return d, nil
}

// at reads the parameters of a request about a place.
func (s *Server) at(params json.RawMessage) (placeParams, *document, int, error) {
	p, err := read[placeParams](params)
	if err != nil {
		return p, nil, 0, err
	}
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return p, nil, 0, err
	}
	return p, d, d.offset(p.Position), nil
}

// formatting returns the edit that makes the file look as it should.
func (s *Server) formatting(_ context.Context, params json.RawMessage) (any, error) {
	p, err := read[documentParams](params)
	if err != nil {
		return nil, err
	}
	d, err := s.document(p.TextDocument.URI)
	if err != nil {
		return nil, err
	}
	formatted, diags := s.options.Format(d.src, d.path)
	if diags.HasErrors() {
		return nil, &responseError{codeFailed, "not formatted: " + diags[0].Summary + ". " + diags[0].Detail}
	}
	return d.edits(formatted), nil
}

// edits turn a text into another one. What both have in front and at the end, in
// whole lines, is left alone, so that the editor's view of it does not jump.
func (t *text) edits(to []byte) []textEdit {
	if string(t.src) == string(to) {
		return []textEdit{}
	}
	front := 0
	for i := 0; i < min(len(t.src), len(to)) && t.src[i] == to[i]; i++ {
		if t.src[i] == '\n' {
			front = i + 1
		}
	}
	back := 0
	for i := 1; i <= min(len(t.src), len(to))-front && t.src[len(t.src)-i] == to[len(to)-i]; i++ {
		if i > 1 && t.src[len(t.src)-i] == '\n' {
			back = i - 1
		}
	}
	return []textEdit{{Range: t.span(front, len(t.src)-back), NewText: string(to[front : len(to)-back])}}
}

// openFiles returns the open files by path, in the order of their paths.
func (s *Server) openFiles() []*document {
	var all []*document
	for _, d := range s.documents {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *document) int { return cmp.Compare(a.path, b.path) })
	return all
}
