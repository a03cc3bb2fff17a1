package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// A peer is a process that does one kind of work on demand: it reads requests from
// standard input and answers each with a reply on standard output, one line of
// JSON each. Between requests it waits, and uses no processor.

// request is what the driver writes.
type request struct {
	Do     string         `json:"do"` // "prepare" or "run"
	Work   string         `json:"work,omitempty"`
	Params map[string]any `json:"params,omitempty"`
	N      int            `json:"n,omitempty"` // how often the work is to be done
}

// reply is what the peer answers.
type reply struct {
	Error   string  `json:"error,omitempty"`
	Seconds float64 `json:"seconds,omitempty"` // that the work took, by the peer's own clock
	Items   float64 `json:"items,omitempty"`   // images, views or whatever was worked on
	Note    string  `json:"note,omitempty"`    // what the table should say of this peer
	// Versions are of the libraries that do the work, by name.
	Versions map[string]string `json:"versions,omitempty"`
}

// work is something prepared: it does it n times and says how long that took and
// how many items that was.
type work func(n int) (reply, error)

// serve answers requests until there are no more. A request that fails is
// answered with its error; the next "prepare" may do better.
func serve(in io.Reader, out io.Writer, prepare func(work string, params map[string]any) (work, reply, error)) error {
	requests, replies := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	var ready work
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		var a reply
		var err error
		switch {
		case r.Do == "prepare":
			ready, a, err = prepare(r.Work, r.Params)
		case r.Do == "run" && ready != nil:
			a, err = ready(r.N)
		default:
			err = fmt.Errorf("nothing is prepared that could %q", r.Do)
		}
		if err != nil {
			a = reply{Error: err.Error()}
		}
		if err := replies.Encode(a); err != nil {
			return fmt.Errorf("write reply: %w", err)
		}
	}
}
