package plan

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
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

// keyText are values that can be part of an address and of a folder's name.
var keyText = regexp.MustCompile(`^[A-Za-z0-9_+.-]{1,64}$`)

// cellText writes a value of a sweep as it appears in addresses.
func cellText(v cty.Value) (string, error) {
	v, _ = v.Unmark()
	if v.IsNull() || !v.Type().IsPrimitiveType() {
		return "", fmt.Errorf("must be a string, a number, true or false, and this is %s", schema.Describe(v))
	}
	text := ""
	switch v.Type() {
	case cty.Number:
		text = v.AsBigFloat().Text('g', 10)
	case cty.Bool:
		text = fmt.Sprint(v.True())
	default:
		text = v.AsString()
	}
	if !keyText.MatchString(text) || strings.Trim(text, ".") == "" {
		return "", fmt.Errorf("becomes part of a name, so it must have 1 to 64 characters, which are letters, digits, _ + - and . alone, and not only dots: %q is not like that", text)
	}
	return text, nil
}

// ownSweep evaluates the matrix block or for_each of a stage; nil if it has none.
func (b *block) ownSweep() (*sweep, bool) {
	for _, l := range b.layers {
		content, _ := l.body.Read(hclspec.Want{Attributes: []string{"for_each"}, Blocks: []hcl.BlockHeaderSchema{{Type: "matrix"}}})
		each := content.Attributes["for_each"]
		var matrix []*hclspec.Block
		for _, inner := range content.Blocks {
			if inner.Type == "matrix" {
				matrix = append(matrix, inner)
			}
		}
		switch {
		case each != nil && len(matrix) > 0:
			b.scope.p.report(hclspec.Errorf(matrix[0].Range, "Duplicate sweep", "A stage has for_each or a matrix block, not both."))
			return nil, false
		case len(matrix) > 1:
			b.scope.p.report(hclspec.Errorf(matrix[1].Range, "Duplicate block", "There is already a matrix block at %s. One block holds all dimensions.", matrix[0].Range))
			return nil, false
		case each != nil:
			return b.forEach(each)
		case len(matrix) == 1:
			return b.matrix(matrix[0])
		}
	}
	return nil, true
}

func (b *block) forEach(attr *hcl.Attribute) (*sweep, bool) {
	value, ok := b.static(attr, "for_each")
	if !ok {
		return nil, false
	}
	s := &sweep{dims: []string{eachDimension}}
	t := value.Type()
	if value.IsNull() || !t.IsCollectionType() && !t.IsTupleType() && !t.IsObjectType() {
		return nil, b.wrong(attr.Expr.Range(), "for_each must be a list or set of strings, a map or an object, and this is %s.", schema.Describe(value))
	}
	for it := value.ElementIterator(); it.Next(); {
		k, v := it.Element()
		if !t.IsMapType() && !t.IsObjectType() {
			k = v
		}
		if k.IsNull() || k.Type() != cty.String {
			return nil, b.wrong(attr.Expr.Range(), "for_each must be a list or set of strings, a map or an object; one element is %s.", schema.Describe(k))
		}
		text, err := cellText(k)
		if err != nil {
			return nil, b.wrong(attr.Expr.Range(), "A key of for_each %s.", err)
		}
		s.cells = append(s.cells, cell{texts: []string{text}, values: []cty.Value{cty.ObjectVal(map[string]cty.Value{"key": k, "value": v})}})
	}
	return s, b.soundSweep(s, attr.Expr.Range())
}

func (b *block) matrix(found *hclspec.Block) (*sweep, bool) {
	attributes, diags := found.Body.Attributes("a matrix")
	b.scope.p.report(diags...)
	if diags.HasErrors() {
		return nil, false
	}
	if len(attributes) == 0 {
		return nil, b.wrong(found.Range, "A matrix needs at least one dimension: alpha = [0.35, 0.5].")
	}
	var all *sweep
	for _, attr := range attributes {
		if !hclsyntax.ValidIdentifier(attr.Name) { // as JSON allows
			return nil, b.wrong(attr.NameRange, "matrix.%s cannot be referred to: %q is not a name.", attr.Name, attr.Name)
		}
		dim, ok := b.dimension(attr)
		if !ok {
			return nil, false
		}
		if all = join(all, dim); !b.soundSweep(all, attr.Range) {
			return nil, false
		}
	}
	return all, true
}

func (b *block) dimension(attr *hcl.Attribute) (*sweep, bool) {
	value, ok := b.static(attr, attr.Name)
	if !ok {
		return nil, false
	}
	t := value.Type()
	if value.IsNull() || !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		return nil, b.wrong(attr.Expr.Range(), "%s must be a list of values, and this is %s. Write it in brackets: [ ... ].", attr.Name, schema.Describe(value))
	}
	s := &sweep{dims: []string{attr.Name}}
	for it := value.ElementIterator(); it.Next(); {
		_, v := it.Element()
		text, err := cellText(v)
		if err != nil {
			return nil, b.wrong(attr.Expr.Range(), "A value of %s %s.", attr.Name, err)
		}
		s.cells = append(s.cells, cell{texts: []string{text}, values: []cty.Value{v}})
	}
	return s, b.soundSweep(s, attr.Expr.Range())
}

// static evaluates an expression that decides which stages there are, so that it
// cannot depend on what stages make.
func (b *block) static(attr *hcl.Attribute, what string) (cty.Value, bool) {
	value, ok, diags := b.scope.inStages().value(attr.Expr)
	b.scope.p.report(diags...)
	if !ok {
		return cty.NilVal, false
	}
	plain, marks := value.UnmarkDeep()
	if _, secret := marks[sensitive{}]; secret {
		return cty.NilVal, b.wrong(attr.Expr.Range(), "%s becomes part of names, so it cannot be made of a sensitive variable.", what)
	}
	value, _ = value.Unmark() // what is in it says where paths are relative to
	if containsReference(plain) {
		return cty.NilVal, b.wrong(attr.Expr.Range(), "%s decides which stages there are, so it cannot refer to outputs of stages.", what)
	}
	return value, true
}

// soundSweep reports a sweep without stages, with too many or with the same twice.
func (b *block) soundSweep(s *sweep, at hcl.Range) bool {
	switch {
	case len(s.cells) == 0:
		return b.wrong(at, "At least one value is needed, or the stage would not be there.")
	case len(s.cells) > maxSweep:
		b.scope.p.report(hclspec.Errorf(at, "Too many units", "This makes more than %d stages of one.", maxSweep))
		return false
	}
	seen := map[string]bool{}
	for _, c := range s.cells {
		key := c.key()
		if seen[key] {
			return b.wrong(at, "The value %s is there twice.", key)
		}
		if _, ok := b.kind.Output(key); ok {
			return b.wrong(at, "A %s has an output called %s, so no value of its sweep can be called that.", b.kind.Name, key)
		}
		seen[key] = true
	}
	return true
}

// wrong reports a mistake in a sweep, and returns false.
func (b *block) wrong(at hcl.Range, format string, args ...any) bool {
	b.scope.p.report(hclspec.Errorf(at, "Invalid sweep", format, args...))
	return false
}
