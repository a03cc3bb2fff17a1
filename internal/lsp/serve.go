package lsp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
)

// errNoShutdown is the error of a client that leaves without saying so.
var errNoShutdown = errors.New("the client said exit without shutdown")

// requests are what the server answers.
var requests = map[string]func(*Server, context.Context, json.RawMessage) (any, error){
	"initialize":                  (*Server).initialize,
	"shutdown":                    (*Server).shutDown,
	"textDocument/completion":     (*Server).completion,
	"textDocument/hover":          (*Server).hover,
	"textDocument/definition":     (*Server).definition,
	"textDocument/references":     (*Server).references,
	"textDocument/rename":         (*Server).rename,
	"textDocument/formatting":     (*Server).formatting,
	"textDocument/documentSymbol": (*Server).documentSymbol,
}

// notifications are what it takes note of. Others are none of its business.
var notifications = map[string]func(*Server, json.RawMessage) error{
	"textDocument/didOpen":   (*Server).didOpen,
	"textDocument/didChange": (*Server).didChange,
	"textDocument/didSave":   (*Server).didSave,
	"textDocument/didClose":  (*Server).didClose,
}

// incoming is a message, or why there is none.
type incoming struct {
	message
	err error
}

func (s *Server) serve(ctx context.Context, in io.Reader) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var cancelled cancellations
	messages := make(chan incoming, 64)
	go receive(ctx, in, messages, &cancelled)
	for s.broken == nil {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case m, ok := <-messages:
			if !ok {
				return nil
			}
			if done, err := s.handle(ctx, m, &cancelled); done {
				return err
			}
		case <-s.checker.timer.C:
			s.check()
		case result := <-s.checker.results:
			s.take(result)
		}
	}
	return fmt.Errorf("write to the client: %w", s.broken)
}

// receive reads messages until there are no more.
func receive(ctx context.Context, in io.Reader, to chan<- incoming, cancelled *cancellations) {
	defer close(to)
	for r := bufio.NewReader(in); ; {
		var m incoming
		body, err := readFrame(r)
		switch {
		case errors.Is(err, io.EOF):
			return
		case err != nil:
			m.err = err
		default:
			m.err = decode(body, &m.message)
		}
		if m.Method == "$/cancelRequest" {
			cancelled.add(m.Params)
			continue
		}
		select {
		case to <- m:
		case <-ctx.Done():
			return
		}
		if err != nil && !errors.Is(err, errTooLong) {
			return
		}
	}
}

func decode(body []byte, m *message) error {
	if err := json.Unmarshal(body, m); err != nil {
		if !json.Valid(body) {
			return &responseError{codeParse, "the message is not JSON"}
		}
		return &responseError{codeInvalidRequest, "the message is not a request: " + err.Error()}
	}
	return nil
}

// handle acts on one message. Done is true if it is the last.
func (s *Server) handle(ctx context.Context, m incoming, cancelled *cancellations) (done bool, err error) {
	var bad *responseError
	switch {
	case errors.As(m.err, &bad):
		s.fail(m.ID, bad)
	case errors.Is(m.err, errTooLong):
		s.fail(nil, &responseError{codeInvalidRequest, m.err.Error()})
	case m.err != nil:
		return true, fmt.Errorf("read from the client: %w", m.err)
	case m.Method == "exit" && s.shutdown:
		return true, nil
	case m.Method == "exit":
		return true, errNoShutdown
	case m.ID == nil:
		s.note(m.message)
	case m.Method == "":
		// A response; the server asks nothing.
	case cancelled.take(*m.ID):
		s.fail(m.ID, &responseError{codeCancelled, "the request was cancelled"})
	default:
		s.answer(ctx, m.message)
	}
	return false, nil
}

func (s *Server) note(m message) {
	handle, ok := notifications[m.Method]
	if !ok || !s.initialized || s.shutdown {
		return
	}
	_, err := s.protect(m.Method, func() (any, error) { return nil, handle(s, m.Params) })
	if err != nil {
		s.log.Error("notification failed", "method", m.Method, "error", err)
	}
}

func (s *Server) answer(ctx context.Context, m message) {
	handle, ok := requests[m.Method]
	switch {
	case s.shutdown:
		s.fail(m.ID, &responseError{codeInvalidRequest, "the server is shut down"})
		return
	case !s.initialized && m.Method != "initialize":
		s.fail(m.ID, &responseError{codeNotInitialized, "the first request must be initialize"})
		return
	case !ok:
		s.fail(m.ID, &responseError{codeNoMethod, fmt.Sprintf("there is no method %q", m.Method)})
		return
	}
	result, err := s.protect(m.Method, func() (any, error) { return handle(s, ctx, m.Params) })
	if err == nil {
		s.send(response{Version: "2.0", ID: m.ID, Result: result})
		return
	}
	var known *responseError
	if !errors.As(err, &known) {
		known = &responseError{codeFailed, err.Error()}
	}
	s.fail(m.ID, known)
}

// protect turns a panic into an error, and logs where it came from.
func (s *Server) protect(method string, handle func() (any, error)) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("panic", "method", method, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
			result, err = nil, &responseError{codeInternal, fmt.Sprintf("%s failed: %v", method, p)}
		}
	}()
	return handle()
}

func (s *Server) fail(id *json.RawMessage, err *responseError) {
	s.send(failure{Version: "2.0", ID: id, Error: err})
}

func (s *Server) notify(method string, params any) {
	s.send(notification{Version: "2.0", Method: method, Params: params})
}

func (s *Server) send(message any) {
	if s.broken == nil {
		s.broken = writeFrame(s.out, message)
	}
}

// cancellations are the requests that the client wants no answer to any more.
type cancellations struct {
	mu  sync.Mutex
	ids map[string]bool
}

// maxCancelled limits what is remembered: most cancellations come after the answer.
const maxCancelled = 1024

func (c *cancellations) add(params json.RawMessage) {
	var p struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(params, &p) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil || len(c.ids) >= maxCancelled {
		c.ids = map[string]bool{}
	}
	c.ids[string(p.ID)] = true
}

// take tells whether a request was cancelled, and forgets that it was.
func (c *cancellations) take(id json.RawMessage) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.ids[string(id)]
	delete(c.ids, string(id))
	return was
}

// read decodes the parameters of a request.
func read[T any](params json.RawMessage) (T, error) {
	var p T
	if err := json.Unmarshal(params, &p); err != nil {
		return p, &responseError{codeInvalidParams, "the parameters cannot be read: " + err.Error()}
	}
	return p, nil
}
