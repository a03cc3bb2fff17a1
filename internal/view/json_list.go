package view

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// jsonList writes one JSON object, the last member of which is a list of objects that
// come one by one, a line each.
type jsonList struct {
	out  *bufio.Writer
	next bool  // not the first of the list
	err  error // the first one
}

// member is a member of a JSON object.
type member struct {
	name  string
	value any
}

// newJSONList begins the object with members before the list, which has a name.
func newJSONList(w io.Writer, list string, before ...member) *jsonList {
	j := &jsonList{out: bufio.NewWriter(w)}
	j.write("{")
	for _, m := range before {
		j.member(m)
		j.write(",")
	}
	j.marshal(list)
	j.write(":[")
	return j
}

// add writes an object of the list.
func (j *jsonList) add(members ...member) error {
	if j.next {
		j.write(",")
	}
	j.next = true
	j.write("\n{")
	for i, m := range members {
		if i > 0 {
			j.write(",")
		}
		j.member(m)
	}
	j.write("}")
	return j.failure()
}

// Close ends the list and the object.
func (j *jsonList) Close() error {
	j.write("\n]}\n")
	if err := j.out.Flush(); j.err == nil {
		j.err = err
	}
	return j.failure()
}

func (j *jsonList) member(m member) {
	j.marshal(m.name)
	j.write(":")
	j.marshal(m.value)
}

func (j *jsonList) marshal(v any) {
	text, err := json.Marshal(v)
	if j.err == nil {
		j.err = err
	}
	j.write(string(text))
}

func (j *jsonList) write(text string) {
	if j.err == nil {
		_, j.err = j.out.WriteString(text)
	}
}

func (j *jsonList) failure() error {
	if j.err != nil {
		return fmt.Errorf("write JSON: %w", j.err)
	}
	return nil
}
