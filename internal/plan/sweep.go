package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// maxSweep limits the stages that one block makes.
const maxSweep = 10_000

// eachDimension is the dimension of a stage with for_each. Its name cannot be that
// of a matrix.
const eachDimension = ""

// sweep is the stages that one block makes: one for each cell.
type sweep struct {
	dims  []string
	cells []cell
	// indexes are made when they are needed, by the dimensions that they are of.
	indexes map[string]map[string][]int
}

// cell is one combination of values, one for each dimension.
type cell struct {
	texts  []string
	values []cty.Value
}

// key is what stands in brackets behind the name of the stage.
func (c cell) key() string { return strings.Join(c.texts, ",") }

// keys are those of the cells, in order.
func (s *sweep) keys() []string {
	keys := make([]string, len(s.cells))
	for i, c := range s.cells {
		keys[i] = c.key()
	}
	return keys
}

// quoted are the keys as they are written in references.
func (s *sweep) quoted() []string {
	keys := s.keys()
	for i, key := range keys {
		keys[i] = fmt.Sprintf("%q", key)
	}
	return keys
}

// find returns the number of the cell with a key, or -1.
func (s *sweep) find(key string) int {
	if found := s.index(s.dims)[key]; len(found) > 0 {
		return found[0]
	}
	return -1
}

// frames adds what the expressions of the stage at a cell can name.
func (s *sweep) frames(e env, c cell) env {
	matrix := map[string]cty.Value{}
	for i, dim := range s.dims {
		if dim == eachDimension {
			e = e.with("each", c.values[i])
			continue
		}
		matrix[dim] = c.values[i]
	}
	if len(matrix) > 0 {
		e = e.with("matrix", cty.ObjectVal(matrix))
	}
	return e
}

// common returns the dimensions that both sweeps have, in the order of s. Other may
// be nil.
func (s *sweep) common(other *sweep) []string {
	var dims []string
	for _, dim := range s.dims {
		if other != nil && slices.Contains(other.dims, dim) {
			dims = append(dims, dim)
		}
	}
	return dims
}

// texts are those of a cell in some dimensions.
func (s *sweep) texts(c cell, dims []string) []string {
	texts := make([]string, len(dims))
	for i, dim := range dims {
		texts[i] = c.texts[slices.Index(s.dims, dim)]
	}
	return texts
}

// index returns the numbers of the cells by their texts in some dimensions, joined
// by commas.
func (s *sweep) index(dims []string) map[string][]int {
	name := strings.Join(dims, ",")
	if found, ok := s.indexes[name]; ok {
		return found
	}
	cells := make(map[string][]int, len(s.cells))
	for n, c := range s.cells {
		key := strings.Join(s.texts(c, dims), ",")
		cells[key] = append(cells[key], n)
	}
	if s.indexes == nil {
		s.indexes = map[string]map[string][]int{}
	}
	s.indexes[name] = cells
	return cells
}

// matching returns the numbers of the cells that agree with a cell of another sweep
// in the dimensions that both have. Other may be nil.
func (s *sweep) matching(other *sweep, c cell) []int {
	dims := s.common(other)
	if len(dims) == 0 {
		return s.index(nil)[""]
	}
	return s.index(dims)[strings.Join(other.texts(c, dims), ",")]
}

// join combines two sweeps: every pair of cells that agree in the dimensions that
// both have, of which it takes the values of b. Either may be nil.
func join(a, b *sweep) *sweep {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := &sweep{dims: slices.Clone(a.dims)}
	for _, dim := range b.dims {
		if !slices.Contains(a.dims, dim) {
			out.dims = append(out.dims, dim)
		}
	}
	for _, c := range a.cells {
		for _, n := range b.matching(a, c) {
			if out.cells = append(out.cells, out.joined(a, b, c, b.cells[n])); len(out.cells) > maxSweep {
				return out
			}
		}
	}
	return out
}

// addAlone adds the cells of a stage's own sweep for which a join has none because
// the stage reads nothing that is swept there. It returns the keys of the others that
// are missing.
func (s *sweep) addAlone(own *sweep, reads map[int]bool) []string {
	there := s.index(own.dims)
	var missing []string
	for n, c := range own.cells {
		switch {
		case len(there[c.key()]) > 0:
		case reads[n] || len(s.dims) > len(own.dims):
			missing = append(missing, fmt.Sprintf("%q", c.key()))
		default:
			s.cells = append(s.cells, s.joined(s, own, c, c))
		}
	}
	s.indexes = nil
	return missing
}

// joined is the cell of a join that two cells make.
func (s *sweep) joined(a, b *sweep, ofA, ofB cell) cell {
	out := cell{texts: make([]string, len(s.dims)), values: make([]cty.Value, len(s.dims))}
	for i, dim := range s.dims {
		from, n := ofB, slices.Index(b.dims, dim)
		if n < 0 {
			from, n = ofA, slices.Index(a.dims, dim)
		}
		out.texts[i], out.values[i] = from.texts[n], from.values[n]
	}
	return out
}
