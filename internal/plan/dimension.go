package plan

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/hclspec"
	"sslpipe/internal/schema"
)

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
