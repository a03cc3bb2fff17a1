package tf

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TensorFlow allocates what an index states before it reads a byte of it.
func TestIndexThatAsksForMemory(t *testing.T) {
	prefix := filepath.Join(t.TempDir(), "v")
	if err := os.WriteFile(prefix+dataSuffix, make([]byte, 100), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		index map[string]IndexEntry
		want  string
	}{
		"right":            {map[string]IndexEntry{"a": {DType: Float32, Shape: Shape{20}, size: 80}, "b": {DType: String, Shape: Shape{2}, size: 20}}, ""},
		"more than held":   {map[string]IndexEntry{"a": {DType: Float32, Shape: Shape{1 << 40}, size: 4 << 40}}, "a is float32 [1099511627776]"},
		"overflow":         {map[string]IndexEntry{"a": {DType: Float32, Shape: Shape{1 << 62, 4}}}, "damaged: a"},
		"other size":       {map[string]IndexEntry{"a": {DType: Float32, Shape: Shape{20}, size: 40}}, "damaged: a"},
		"texts of nothing": {map[string]IndexEntry{"a": {DType: String, Shape: Shape{1e9}, size: 10}}, "damaged: a is string [1000000000] in 10 bytes"},
		"shared bytes": {map[string]IndexEntry{
			"a": {DType: Float32, Shape: Shape{20}, size: 80}, "b": {DType: Float32, Shape: Shape{20}, size: 80},
		}, "damaged: b"},
	} {
		c0 := &checkpoint{prefix: prefix, index: c.index}
		if err := c0.checkSizes(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	for name, e := range map[string]IndexEntry{"no object graph": {DType: String, Shape: Shape{0}}, "numbers": {DType: Float32, size: 4}} {
		c := &checkpoint{prefix: prefix, index: map[string]IndexEntry{objectsKey: e}}
		if err := c.readObjects(); err == nil || !strings.Contains(err.Error(), "object graph cannot be read") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
