package lsp_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf8"

	"sslpipe/internal/lsp"
)

// frames are messages as a client sends them.
type frames struct{ bytes.Buffer }

func (f *frames) add(message map[string]any) {
	message["jsonrpc"] = "2.0"
	body, err := json.Marshal(message)
	if err != nil {
		panic(err) // maps, texts and numbers can be encoded
	}
	fmt.Fprintf(f, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

// talk gives all messages to a server, waits for its end, and returns its error and
// what it said. No request may panic, though the server would survive it.
func talk(t *testing.T, in io.Reader) ([]json.RawMessage, error) {
	t.Helper()
	var out bytes.Buffer
	log := &logBuffer{}
	err := lsp.Serve(t.Context(), in, &out, slog.New(slog.NewTextHandler(log, nil)), options())
	if text := log.String(); strings.Contains(text, "panic") {
		t.Errorf("log: %s", text)
	}
	var said []json.RawMessage
	for c := (&client{t: t, out: bufio.NewReader(&out), log: log}); ; {
		if _, err := c.out.Peek(1); errors.Is(err, io.EOF) {
			break
		}
		body := c.body()
		if !json.Valid(body) {
			t.Errorf("it says %q", body)
		}
		said = append(said, body)
	}
	return said, err
}

// Whatever a text holds, however it is edited and wherever the cursor is, every
// question about it has an answer, and what is renamed or formatted is text.
func FuzzQuestions(f *testing.F) {
	for _, src := range []string{
		"download \"d\" {\n  source = \"mnist\"\n}\naugment \"a\" {\n  data = download.d.train\n  transform \"crop\" {}\n}\npretrain \"p\" {\n  views = augment.a\n  pretext \"jigsaw\" {\n    grid = var.n\n  }\n}\nvariable \"n\" {\n  default = 2\n}\n",
		"locals {\n  é = \"𝄞${loc\n}\npretrain \"x\" {\n  for_each = [\"a\"]\n  pretext = each.key\n}",
		"module \"m\" {\n  source = \"./x.hcl\"\n}\nfinetune \"f\" { init = module.m.p\n",
		"}}]) = <<E\n${",
	} {
		f.Add(src, 3, 11, "é")
		f.Add(src, 1, 4, "n")
		f.Add(src, 9, 14, "${")
	}
	f.Fuzz(func(t *testing.T, src string, line, character int, name string) {
		const uri = "file:///work/x.hcl"
		at := map[string]any{"line": line, "character": character}
		document := map[string]any{"uri": uri}
		place := map[string]any{"textDocument": document, "position": at}
		var in frames
		in.add(map[string]any{"id": 0, "method": "initialize", "params": map[string]any{"capabilities": map[string]any{}}})
		in.add(map[string]any{"method": "textDocument/didOpen", "params": map[string]any{"textDocument": map[string]any{"uri": uri, "version": 1, "text": src}}})
		asked := 0
		ask := func(method string, params map[string]any) {
			asked++
			in.add(map[string]any{"id": asked, "method": "textDocument/" + method, "params": params})
		}
		for range 2 { // before and after the edit
			for _, method := range []string{"completion", "hover", "definition", "documentSymbol", "formatting"} {
				ask(method, place)
			}
			ask("references", map[string]any{"textDocument": document, "position": at, "context": map[string]any{"includeDeclaration": true}})
			ask("rename", map[string]any{"textDocument": document, "position": at, "newName": name})
			in.add(map[string]any{"method": "textDocument/didChange", "params": map[string]any{
				"textDocument": map[string]any{"uri": uri, "version": 2}, "contentChanges": []any{map[string]any{"range": map[string]any{"start": at, "end": at}, "text": name}},
			}})
		}
		said, err := talk(t, &in)
		answers := map[int]reply{}
		for _, body := range said {
			var r reply
			unmarshal(t, body, &r)
			if r.ID != nil {
				answers[*r.ID] = r
			}
		}
		if err != nil || len(answers) != asked+1 {
			t.Fatalf("%d questions have %d answers: %v", asked, len(answers)-1, err)
		}
		for id, r := range answers {
			if r.Error != nil && r.Error.Code == -32603 {
				t.Errorf("question %d failed: %s", id, r.Error.Message)
			}
			if !utf8.Valid(r.Result) {
				t.Errorf("the answer to question %d is no text: %q", id, r.Result)
			}
		}
	})
}

// Whatever a client sends, the server ends with it, and does not panic.
func FuzzMessages(f *testing.F) {
	var whole frames
	whole.add(map[string]any{"id": 0, "method": "initialize", "params": map[string]any{"capabilities": map[string]any{}}})
	whole.add(map[string]any{"method": "textDocument/didOpen", "params": map[string]any{"textDocument": map[string]any{"uri": "file:///x.hcl", "version": 1, "text": "a = b\n"}}})
	whole.add(map[string]any{"id": 1, "method": "textDocument/hover", "params": map[string]any{"textDocument": map[string]any{"uri": "file:///x.hcl"}, "position": map[string]any{"line": 0, "character": 4}}})
	whole.add(map[string]any{"method": "$/cancelRequest", "params": map[string]any{"id": 1}})
	whole.add(map[string]any{"id": 2, "method": "shutdown"})
	whole.add(map[string]any{"method": "exit"})
	f.Add(whole.Bytes())
	f.Add([]byte("Content-Length: 99999999999\r\n\r\n{}"))
	f.Add([]byte("Content-Length: -1\r\n\r\n"))
	f.Add([]byte("content-length: 4\n\nnullX: y\r\nContent-Length: 2\r\n\r\n[]"))
	f.Fuzz(func(t *testing.T, in []byte) {
		_, _ = talk(t, bytes.NewReader(in)) // an error is an end
	})
}
