package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// editor is a client of a language server in a process of its own.
type editor struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
	id  int
}

func startEditor(t *testing.T) *editor {
	t.Helper()
	e := &editor{t: t, cmd: program(t, t.TempDir(), "lsp", "--stdio")}
	in, inErr := e.cmd.StdinPipe()
	out, outErr := e.cmd.StdoutPipe()
	e.cmd.Stderr = os.Stderr
	if inErr != nil || outErr != nil {
		t.Fatal(inErr, outErr)
	}
	e.in, e.out = in, bufio.NewReader(out)
	if err := e.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e.call("initialize", `{"capabilities":{}}`)
	return e
}

func (e *editor) send(format string, args ...any) {
	e.t.Helper()
	body := fmt.Sprintf(format, args...)
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(body), body); err != nil {
		e.t.Fatal(err)
	}
}

// message is what comes from the server.
type message struct {
	ID     *int
	Method string
	Params struct {
		Diagnostics []struct{ Message string }
	}
	Result json.RawMessage
	Error  *struct{ Message string }
}

// until reads messages up to one that is wanted.
func (e *editor) until(wanted func(message) bool) message {
	e.t.Helper()
	for {
		header, err := textproto.NewReader(e.out).ReadMIMEHeader()
		if err != nil {
			e.t.Fatal(err)
		}
		length, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			e.t.Fatal(err)
		}
		body := make([]byte, length)
		if _, err := io.ReadFull(e.out, body); err != nil {
			e.t.Fatal(err)
		}
		var m message
		if err := json.Unmarshal(body, &m); err != nil {
			e.t.Fatal(err)
		}
		if wanted(m) {
			return m
		}
	}
}

func (e *editor) call(method, params string) json.RawMessage {
	e.t.Helper()
	e.id++
	id := e.id
	e.send(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`, id, method, params)
	m := e.until(func(m message) bool { return m.ID != nil && *m.ID == id })
	if m.Error != nil {
		e.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	return m.Result
}

// open opens a file with a text, and returns what is wrong with it.
func (e *editor) open(path, text string) []string {
	e.t.Helper()
	document, err := json.Marshal(map[string]any{"textDocument": map[string]any{"uri": "file://" + path, "languageId": "hcl", "version": 1, "text": text}})
	if err != nil {
		e.t.Fatal(err)
	}
	e.send(`{"jsonrpc":"2.0","method":"textDocument/didOpen","params":%s}`, document)
	m := e.until(func(m message) bool { return m.Method == "textDocument/publishDiagnostics" })
	var messages []string
	for _, d := range m.Params.Diagnostics {
		messages = append(messages, d.Message)
	}
	return messages
}

// complete returns what is offered behind the first occurrence of some text.
func (e *editor) complete(path, text, behind string) []string {
	e.t.Helper()
	before, _, ok := strings.Cut(text, behind)
	if !ok {
		e.t.Fatalf("%q is not in the text", behind)
	}
	before += behind
	e.open(path, text)
	var list struct {
		Items []struct{ Label, SortText string }
	}
	result := e.call("textDocument/completion", fmt.Sprintf(`{"textDocument":{"uri":"file://%s"},"position":{"line":%d,"character":%d}}`,
		path, strings.Count(before, "\n"), len(before)-1-strings.LastIndex(before, "\n")))
	if err := json.Unmarshal(result, &list); err != nil {
		e.t.Fatal(err)
	}
	var labels []string
	for _, item := range list.Items {
		labels = append(labels, item.Label)
	}
	return labels
}

// The kinds of the program, in an editor, in a process of its own.
func TestEditor(t *testing.T) {
	path := filepath.Join(repository(t), "pipelines", "rotation.hcl")
	src, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(src)
	e := startEditor(t)
	if wrong := e.open(path, text); len(wrong) != 0 {
		t.Errorf("mistakes in rotation.hcl: %q", wrong)
	}
	for behind, want := range map[string][]string{
		"views      = ":               {"augment.crops", "augment.shifts"},
		"init             = ":         {"pretrain.rotation"},
		"data     = download.images.": {"unlabelled", "train", "validation", "test"},
		`source               = "`:    {"fashion-mnist-mini", "cifar10"},
		`mode             = "`:        {"full", "linear", "knn", "pixels"},
		`pretext "`:                   {"rotation", "jigsaw", "simclr"},
		"patience         = ":         {"var.max_steps", "max"},
		"  flip {}\n":                 {"crop", "blur"},
	} {
		offered := e.complete(path, text, behind)
		for _, label := range want {
			if !slices.Contains(offered, label) {
				t.Errorf("behind %q: %s is not among %q", behind, label, offered)
			}
		}
		if strings.HasPrefix(behind, "init") && slices.ContainsFunc(offered, func(l string) bool { return strings.HasPrefix(l, "finetune") }) {
			t.Errorf("behind %q: a classifier among %q", behind, offered)
		}
	}
	e.call("shutdown", "null")
	e.send(`{"jsonrpc":"2.0","method":"exit"}`)
	if err := e.cmd.Wait(); err != nil {
		t.Errorf("exit: %v", err)
	}
}

// An editor shows the mistakes that validate prints, in the same words.
func TestEditorAndValidateAgree(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "wrong.hcl")
	text := "download \"images\" { source = \"cifar11\" }\npretrain \"a\" {\n  views = augment.crops\n  epoch = 3\n}\n"
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	printed, err := program(t, dir, "validate", path).CombinedOutput()
	if err == nil {
		t.Fatal("the file is valid")
	}
	wrong := startEditor(t).open(path, text)
	if want := strings.Count(string(printed), "Error: "); len(wrong) != want || want < 3 {
		t.Errorf("%d mistakes in the editor, %d printed:\n%s", len(wrong), want, printed)
	}
	plain := strings.Join(strings.Fields(string(printed)), " ")
	for _, message := range wrong {
		summary, detail, _ := strings.Cut(message, ": ")
		if !strings.Contains(plain, summary) || !strings.Contains(plain, strings.Join(strings.Fields(detail), " ")) {
			t.Errorf("validate does not print %q:\n%s", message, printed)
		}
	}
}
