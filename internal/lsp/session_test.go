package lsp_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

func unmarshal(t *testing.T, raw json.RawMessage, into any) {
	t.Helper()
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("decode %s: %v", raw, err)
	}
}

// problems waits for some publications, and returns file:line and summary of what
// they hold.
func problems(c *client, publications int) []string {
	c.t.Helper()
	var out []string
	for range publications {
		p := c.publication()
		for _, d := range p.Diagnostics {
			summary, _, _ := strings.Cut(d.Message, ":")
			out = append(out, fmt.Sprintf("%s:%d %s", path.Base(p.URI), d.Range.Start.Line, summary))
		}
	}
	return out
}

// ended waits for the server to end.
func (c *client) ended() error {
	c.t.Helper()
	select {
	case err := <-c.done:
		return err
	case <-time.After(20 * time.Second):
		c.t.Fatal("the server goes on")
		return nil
	}
}

func TestLifecycle(t *testing.T) {
	c := connect(t, options())
	if r := c.request("textDocument/hover", map[string]any{}); r.Error == nil || r.Error.Code != -32002 {
		t.Errorf("a request before initialize: %+v", r.Error)
	}
	c.initialize()
	if r := c.request("initialize", map[string]any{}); r.Error == nil || r.Error.Code != -32600 {
		t.Errorf("a second initialize: %+v", r.Error)
	}
	if got := string(c.call("shutdown", nil)); got != "null" {
		t.Errorf("shutdown: %s", got)
	}
	if r := c.request("textDocument/hover", map[string]any{}); r.Error == nil || r.Error.Code != -32600 {
		t.Errorf("a request after shutdown: %+v", r.Error)
	}
	c.note("exit", nil)
	if err := c.ended(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

func TestCapabilities(t *testing.T) {
	var got struct {
		Capabilities struct {
			PositionEncoding   string
			TextDocumentSync   struct{ Change int }
			CompletionProvider struct{ TriggerCharacters []string }
			HoverProvider, DefinitionProvider, ReferencesProvider, RenameProvider,
			DocumentFormattingProvider, DocumentSymbolProvider bool
		}
		ServerInfo struct{ Name string }
	}
	unmarshal(t, connect(t, options()).call("initialize", map[string]any{"processId": nil, "rootUri": nil, "capabilities": map[string]any{}}), &got)
	c := got.Capabilities
	if c.PositionEncoding != "utf-16" || c.TextDocumentSync.Change != 2 || !slices.Contains(c.CompletionProvider.TriggerCharacters, ".") ||
		!c.HoverProvider || !c.DefinitionProvider || !c.ReferencesProvider || !c.RenameProvider ||
		!c.DocumentFormattingProvider || !c.DocumentSymbolProvider || got.ServerInfo.Name != "sslpipe" {
		t.Errorf("capabilities %+v", got)
	}
}

func TestExit(t *testing.T) {
	t.Run("without shutdown", func(t *testing.T) {
		c := start(t)
		c.note("exit", nil)
		if err := c.ended(); err == nil || err.Error() != "the client said exit without shutdown" {
			t.Errorf("error %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		c := start(t)
		_ = c.in.Close()
		if err := c.ended(); err != nil {
			t.Errorf("error %v", err)
		}
	})
	t.Run("closed within a message", func(t *testing.T) {
		c := start(t)
		c.raw("Content-Length: 100\r\n\r\n{")
		_ = c.in.Close()
		if err := c.ended(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
	})
	for name, frame := range map[string]string{
		"no header":       "hello\r\n\r\n",
		"no length":       "Content-Type: x\r\n\r\n{}",
		"negative length": "Content-Length: -1\r\n\r\n{}",
		"no number":       "Content-Length: ten\r\n\r\n{}",
		"endless header":  strings.Repeat("x", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			go c.in.Write([]byte(frame)) //nolint:errcheck // the server may be gone before the end of it
			if err := c.ended(); err == nil || !strings.Contains(err.Error(), "read from the client") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// What cannot be understood is answered, and the conversation goes on.
func TestMalformedMessages(t *testing.T) {
	frame := func(body string) string {
		return fmt.Sprintf("content-length:%d\r\nX-Other: 1\r\n\r\n%s", len(body), body)
	}
	c := start(t)
	for _, test := range []struct {
		name, frame string
		code        int
	}{
		{"not JSON", frame(`{"jsonrpc":`), -32700},
		{"empty", frame(``), -32700},
		{"a batch", frame(`[{"jsonrpc":"2.0","id":1,"method":"shutdown"}]`), -32600},
		{"method is no text", frame(`{"jsonrpc":"2.0","id":1,"method":7}`), -32600},
		{"unknown method", frame(`{"jsonrpc":"2.0","id":"a","method":"textDocument/moniker"}`), -32601},
		{"no parameters", frame(`{"jsonrpc":"2.0","id":1,"method":"textDocument/hover"}`), -32602},
		{"wrong parameters", frame(`{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{"position":"top"}}`), -32602},
		{"not open", frame(`{"jsonrpc":"2.0","id":1,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///none.hcl"}}}`), -32602},
		{"too long", fmt.Sprintf("Content-Length: %d\r\n\r\n%s", 17<<20, strings.Repeat(" ", 17<<20)), -32600},
	} {
		c.raw(test.frame)
		var r struct {
			Error *struct {
				Code    int
				Message string
			}
		}
		unmarshal(t, c.rawAnswer(), &r)
		if r.Error == nil || r.Error.Code != test.code || r.Error.Message == "" {
			t.Errorf("%s: %+v, want code %d", test.name, r.Error, test.code)
		}
	}
	for _, ignored := range []string{
		`{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didChange"}`,
		`{"jsonrpc":"2.0","method":"textDocument/didSave","params":{"textDocument":{"uri":"file:///none.hcl"}}}`,
		`{"jsonrpc":"2.0","id":9,"result":null}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":123}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest"}`,
	} {
		c.raw(frame(ignored))
	}
	c.call("shutdown", nil)
}

// A request that was cancelled before its turn is not worked on.
func TestCancelledRequest(t *testing.T) {
	o := options()
	started, goOn := make(chan bool), make(chan bool)
	o.Format = func(src []byte, _ string) ([]byte, hclDiagnostics) {
		started <- true
		<-goOn
		return src, nil
	}
	c := connect(t, o)
	c.initialize()
	c.open(uri, "locals {}\n")
	document := map[string]any{"textDocument": map[string]any{"uri": uri}}
	c.send(map[string]any{"id": 50, "method": "textDocument/formatting", "params": document})
	<-started
	c.send(map[string]any{"id": 51, "method": "textDocument/documentSymbol", "params": document})
	c.note("$/cancelRequest", map[string]any{"id": 51})
	c.send(map[string]any{"id": 52, "method": "textDocument/documentSymbol", "params": document})
	c.note("$/cancelRequest", map[string]any{"id": 50}) // too late
	goOn <- true
	for _, want := range []struct{ id, code int }{{50, 0}, {51, -32800}, {52, 0}} {
		r := c.answer()
		code := 0
		if r.Error != nil {
			code = r.Error.Code
		}
		if *r.ID != want.id || code != want.code {
			t.Errorf("response %d with code %d, want %d with %d", *r.ID, code, want.id, want.code)
		}
	}
}

// A bug in a request costs its answer, no more.
func TestPanic(t *testing.T) {
	o := options()
	o.Format = func([]byte, string) ([]byte, hclDiagnostics) { panic("a bug in the formatter") }
	c := connect(t, o)
	c.initialize()
	c.open(uri, "locals {}\n")
	r := c.request("textDocument/formatting", map[string]any{"textDocument": map[string]any{"uri": uri}})
	if r.Error == nil || r.Error.Code != -32603 || !strings.Contains(r.Error.Message, "a bug in the formatter") {
		t.Errorf("error %+v", r.Error)
	}
	c.open("file:///work/panic.hcl", "locals {}\n")
	for c.publication().URI != "file:///work/panic.hcl" {
	}
	c.call("shutdown", nil)
	for _, want := range []string{"a bug in the formatter", "a bug in the planner", "session_test.go", "kinds_test.go"} {
		if !strings.Contains(c.log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, c.log)
		}
	}
}

func TestDiagnostics(t *testing.T) {
	c := start(t)
	c.open(uri, "pretrain \"🙂\" {\n  epochs = var.x\n}\nvariable \"free\" { type = number }\nlocals { unused = 1 }\n")
	p := c.publication()
	if p.URI != uri || p.Version != 1 {
		t.Errorf("published for %s, version %d", p.URI, p.Version)
	}
	var got []string
	for _, d := range p.Diagnostics {
		got = append(got, fmt.Sprintf("%v-%v %d %s %s", d.Range.Start, d.Range.End, d.Severity, d.Source, d.Message))
	}
	want := []string{
		`{0 9}-{0 13} 1 sslpipe Invalid name: A stage is referred to by its name, so it must begin with a letter and have only letters, digits, underscores and hyphens, at most 64.`,
		`{3 9}-{3 15} 3 sslpipe Missing value for variable: var.free has no default, so it must be given: --var free=VALUE.`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("diagnostics:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}

	change := func(version int, changes ...map[string]any) {
		c.note("textDocument/didChange", map[string]any{"textDocument": map[string]any{"uri": uri, "version": version}, "contentChanges": changes})
	}
	at := func(line, from, to int) map[string]any {
		return map[string]any{"start": map[string]any{"line": line, "character": from}, "end": map[string]any{"line": line, "character": to}}
	}
	// Several changes in a row are checked once, when it is quiet.
	change(2, map[string]any{"text": "locals {\n  é = \"🙂\" + 1\n}\n"})
	change(3, map[string]any{"range": at(1, 6, 10), "text": "2"}, map[string]any{"range": at(1, 2, 3), "text": "total"})
	p = c.publication()
	if p.Version != 3 || len(p.Diagnostics) != 1 || p.Diagnostics[0].Message != "Unused local: Nothing refers to local.total." || p.Diagnostics[0].Severity != 2 {
		t.Errorf("after changes: %+v", p)
	}
	if r := p.Diagnostics[0].Range; r != (span{position{1, 2}, position{1, 7}}) {
		t.Errorf("range %v", r)
	}
	c.note("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": uri}})
	if p := c.publication(); len(p.Diagnostics) != 1 {
		t.Errorf("after saving: %+v", p)
	}
	c.note("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": uri}})
	if p := c.publication(); p.URI != uri || len(p.Diagnostics) != 0 {
		t.Errorf("after closing: %+v", p)
	}
}

// A document beyond the limits of the language is reported, and does no harm.
func TestHugeDocument(t *testing.T) {
	c := start(t)
	c.open(uri, strings.Repeat("locals {\n  a = 1\n}\n", 200_000))
	if got := problems(c, 1); !slices.Equal(got, []string{"x.hcl:0 File too large"}) {
		t.Errorf("mistakes %v", got)
	}
	c.open(uri, "locals {\n  a = "+strings.Repeat("[", 100_000))
	if got := problems(c, 1); !slices.Equal(got, []string{"x.hcl:1 Expression too large"}) {
		t.Errorf("mistakes %v", got)
	}
	c.call("textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": 1, "character": 50_000}})
	large := strings.Repeat("locals {\n  a = 1\n}\n", 40_000)
	c.open(uri, large)
	c.call("textDocument/completion", map[string]any{"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": 119_990, "character": 2}})
	c.call("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": uri}})
}

// Whatever is typed, nothing breaks: every beginning of a file, with every place near
// its end.
func TestEveryBeginning(t *testing.T) {
	c := start(t)
	text := pipeline + "module \"m\" { source = \"./m\" }\noutput \"o\" { value = module.m.x }\n" +
		"pretrain \"s\" {\n  matrix { a = [for i in range(3) : \"${i}-é\"] }\n  for_each = { x = 1 }\n  base = pretrain.rot\n" +
		"  dynamic \"stop\" {\n    for_each = [1]\n    content { patience = stop.value }\n  }\n  /* c */ epochs = <<-E\n    ${max(1, 2)}\n  E\n}\n"
	for end := range len(text) + 1 {
		c.open(uri, text[:end])
		before := text[:end]
		line := strings.Count(before, "\n")
		for _, back := range []int{0, 2} {
			place := map[string]any{"textDocument": map[string]any{"uri": uri}, "position": map[string]any{"line": line - back/2, "character": max(0, end-strings.LastIndex(before, "\n")-1-back)}}
			for _, method := range []string{"completion", "hover", "definition", "references"} {
				c.call("textDocument/"+method, place)
			}
		}
		c.call("textDocument/documentSymbol", map[string]any{"textDocument": map[string]any{"uri": uri}})
	}
}
