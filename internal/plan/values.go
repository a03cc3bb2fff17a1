package plan

import (
	"fmt"
	"reflect"

	"github.com/zclconf/go-cty/cty"

	"sslpipe/internal/schema"
)

// artifactType is the type of a reference as a value: expressions can choose
// between references and put them into lists.
var artifactType = cty.Capsule("artifact", reflect.TypeFor[schema.Ref]())

// refsOf returns the reference that a value is, or those of a whole stage; nil if
// the value is something else.
func refsOf(v cty.Value) []schema.Ref {
	switch t := v.Type(); {
	case v.IsNull():
		return nil
	case t.Equals(artifactType):
		return []schema.Ref{*v.EncapsulatedValue().(*schema.Ref)}
	case t.IsObjectType():
		var refs []schema.Ref
		for it := v.ElementIterator(); it.Next(); {
			_, output := it.Element()
			if output.IsNull() {
				return nil
			}
			if output.Type().IsObjectType() { // one of the stages of a sweep
				continue
			}
			if !output.Type().Equals(artifactType) {
				return nil
			}
			refs = append(refs, *output.EncapsulatedValue().(*schema.Ref))
		}
		return refs
	}
	return nil
}

const (
	maxElements = 4096    // values within a variable or local
	maxText     = 1 << 20 // bytes of text within a variable or local
	maxExponent = 1024    // binary exponent of a number, as in float64
)

// bounded reports a value that is too large to be used again and again, so that
// values that are built from one another cannot grow without limit.
func bounded(v cty.Value) error {
	elements, text := 0, 0
	return cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) {
		e, _ = e.Unmark()
		elements++
		if !e.IsNull() && e.IsKnown() {
			switch e.Type() {
			case cty.String:
				text += len(e.AsString())
			case cty.Number:
				if x := e.AsBigFloat(); x.IsInf() || x.MantExp(nil) > maxExponent || x.MantExp(nil) < -maxExponent {
					return false, fmt.Errorf("a number is too large or too close to zero")
				}
			}
		}
		if elements > maxElements || text > maxText {
			return false, fmt.Errorf("it has more than %d elements or %d bytes of text", maxElements, maxText)
		}
		return true, nil
	})
}
