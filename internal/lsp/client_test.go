package lsp_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/textproto"
	"strconv"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"sslpipe/internal/lsp"
)

// client is an editor: it sends and receives real messages over pipes.
type client struct {
	t    *testing.T
	in   *io.PipeWriter
	out  *bufio.Reader
	log  *logBuffer
	done chan error
	last int
	// published are the notifications that came while waiting for something else.
	published []published
}

type published struct {
	URI         string
	Version     int
	Diagnostics []struct {
		Range    span
		Severity int
		Source   string
		Message  string
	}
}

type span struct{ Start, End position }

type position struct{ Line, Character int }

type reply struct {
	ID     *int
	Method string
	Params json.RawMessage
	Result json.RawMessage
	Error  *struct {
		Code    int
		Message string
	}
}

// logBuffer is what the server logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// connect starts a server that has not been initialized.
func connect(t *testing.T, o lsp.Options) *client {
	t.Helper()
	inReader, inWriter := io.Pipe()
	outReader, outWriter := io.Pipe()
	c := &client{t: t, in: inWriter, out: bufio.NewReader(outReader), log: &logBuffer{}, done: make(chan error, 1)}
	go func() {
		err := lsp.Serve(t.Context(), inReader, outWriter, slog.New(slog.NewTextHandler(c.log, nil)), o)
		_ = outWriter.Close()
		_ = inReader.Close()
		c.done <- err
	}()
	t.Cleanup(func() { _ = inWriter.Close(); _ = outReader.Close() })
	return c
}

// start connects and initializes.
func start(t *testing.T) *client {
	t.Helper()
	c := connect(t, options())
	c.initialize()
	return c
}

func (c *client) initialize() {
	c.call("initialize", map[string]any{"capabilities": map[string]any{"textDocument": map[string]any{
		"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true}},
	}}})
	c.note("initialized", map[string]any{})
}

// raw sends bytes as they are.
func (c *client) raw(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.in, text); err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

func (c *client) send(message map[string]any) {
	c.t.Helper()
	message["jsonrpc"] = "2.0"
	body, err := json.Marshal(message)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

func (c *client) note(method string, params any) {
	c.t.Helper()
	c.send(map[string]any{"method": method, "params": params})
}

// receive reads one message.
func (c *client) receive() reply {
	c.t.Helper()
	var r reply
	unmarshal(c.t, c.body(), &r)
	return r
}

// rawAnswer reads the next message that is no notification.
func (c *client) rawAnswer() json.RawMessage {
	c.t.Helper()
	for {
		body := c.body()
		var r struct{ Method string }
		unmarshal(c.t, body, &r)
		if r.Method == "" {
			return body
		}
	}
}

func (c *client) body() json.RawMessage {
	c.t.Helper()
	header, err := textproto.NewReader(c.out).ReadMIMEHeader()
	if err != nil {
		c.t.Fatalf("receive: %v; log: %s", err, c.log)
	}
	length, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	body := make([]byte, length)
	if _, err := io.ReadFull(c.out, body); err != nil {
		c.t.Fatalf("receive: %v", err)
	}
	return body
}

// answer reads messages up to a response.
func (c *client) answer() reply {
	c.t.Helper()
	for {
		r := c.receive()
		if r.Method == "" {
			return r
		}
		c.keep(r)
	}
}

func (c *client) keep(r reply) {
	c.t.Helper()
	if r.Method != "textDocument/publishDiagnostics" {
		c.t.Fatalf("the server sent %s", r.Method)
	}
	var p published
	if err := json.Unmarshal(r.Params, &p); err != nil {
		c.t.Fatal(err)
	}
	c.published = append(c.published, p)
}

// publication waits for the next diagnostics.
func (c *client) publication() published {
	c.t.Helper()
	for len(c.published) == 0 {
		c.keep(c.receive())
	}
	p := c.published[0]
	c.published = c.published[1:]
	return p
}

// request sends a request and returns its response.
func (c *client) request(method string, params any) reply {
	c.t.Helper()
	c.last++
	id := c.last
	c.send(map[string]any{"id": id, "method": method, "params": params})
	r := c.answer()
	if r.ID == nil || *r.ID != id {
		c.t.Fatalf("%s: the response has the id %v, want %d", method, r.ID, id)
	}
	return r
}

// call is request, where an error ends the test.
func (c *client) call(method string, params any) json.RawMessage {
	c.t.Helper()
	r := c.request(method, params)
	if r.Error != nil {
		c.t.Fatalf("%s: error %d: %s\n%s", method, r.Error.Code, r.Error.Message, c.log)
	}
	return r.Result
}

const uri = "file:///work/x.hcl"

func (c *client) open(uri, text string) {
	c.t.Helper()
	c.note("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": uri, "languageId": "hcl", "version": 1, "text": text}})
}

// openMarked opens a text whose place of interest is marked by a ‸, and returns the
// parameters of a request about that place.
func (c *client) openMarked(marked string) map[string]any {
	c.t.Helper()
	before, after, ok := strings.Cut(marked, "‸")
	if !ok {
		c.t.Fatalf("no ‸ in %q", marked)
	}
	c.open(uri, before+after)
	line := before[strings.LastIndex(before, "\n")+1:]
	return map[string]any{
		"textDocument": map[string]any{"uri": uri},
		"position":     map[string]any{"line": strings.Count(before, "\n"), "character": len(utf16.Encode([]rune(line)))},
	}
}

// marked opens a marked text, and decodes the result of a request about the place.
func marked[T any](c *client, method, text string, more ...any) T {
	c.t.Helper()
	params := c.openMarked(text)
	for i := 0; i+1 < len(more); i += 2 {
		params[more[i].(string)] = more[i+1]
	}
	var result T
	if err := json.Unmarshal(c.call(method, params), &result); err != nil {
		c.t.Fatal(err)
	}
	return result
}
