package cluster

import (
	"strings"
	"testing"
)

func TestCompare(t *testing.T) {
	c, err := Parse(`{"cluster": {"worker": ["a:1", "b:2", "c:3"]}, "task": {"type": "worker", "index": 0}}`)
	if err != nil {
		t.Fatal(err)
	}
	ours := Identity{Program: "build 1", Runtime: "tensorflow-2.18.0/cpu/amd64-avx2", Pipeline: "77"}
	if err := c.Compare([]string{ours.Encode(), ours.Encode(), ours.Encode()}); err != nil {
		t.Error(err)
	}
	other := Identity{Program: "build 2", Runtime: "tensorflow-2.18.0/cpu/amd64-avx512", Pipeline: "77"}
	err = c.Compare([]string{ours.Encode(), ours.Encode(), other.Encode()})
	want := `the workers do not compute the same:
  worker 2 (c:3) has another program: build 2, and the chief build 1
  worker 2 (c:3) has another runtime: tensorflow-2.18.0/cpu/amd64-avx512, and the chief tensorflow-2.18.0/cpu/amd64-avx2`
	if err == nil || err.Error() != want {
		t.Errorf("of another program and runtime: %v", err)
	}
	if err := c.Compare([]string{ours.Encode(), "hello", ours.Encode()}); err == nil || !strings.Contains(err.Error(), "worker 1 (b:2) does not say who it is") {
		t.Errorf("of something else: %v", err)
	}
}
