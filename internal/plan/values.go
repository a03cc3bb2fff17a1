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
	if err := within(v, maxElements, maxText); err != nil {
		return err
	}
	return cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) {
		e, _ = e.Unmark()
		if !e.IsNull() && e.IsKnown() && e.Type() == cty.Number {
			if x := e.AsBigFloat(); x.IsInf() || x.MantExp(nil) > maxExponent || x.MantExp(nil) < -maxExponent {
				return false, fmt.Errorf("a number is too large or too close to zero")
			}
		}
		return true, nil
	})
}

// within reports a value with too many elements or too much text. What a stage means
// counts for less, since expressions do not copy it.
func within(v cty.Value, maxElements, maxText int) error {
	const ofStage = 8 // outputs and stages of a sweep that count as one element
	elements, text := 0, 0
	return cty.Walk(v, func(_ cty.Path, e cty.Value) (bool, error) {
		e, _ = e.Unmark()
		elements++
		stage := isStage(e.Type())
		switch {
		case stage:
			elements += len(e.Type().AttributeTypes()) / ofStage
		case !e.IsNull() && e.IsKnown() && e.Type() == cty.String:
			text += len(e.AsString())
		}
		if elements > maxElements || text > maxText {
			return false, fmt.Errorf("it has more than %d elements or %d bytes of text", maxElements, maxText)
		}
		return !stage, nil
	})
}

// isStage tells whether a value is what kind.name means: an object of references, and
// of such objects for the stages of a sweep.
func isStage(t cty.Type) bool {
	if !t.IsObjectType() || len(t.AttributeTypes()) == 0 {
		return false
	}
	for _, attribute := range t.AttributeTypes() {
		if attribute.Equals(artifactType) {
			continue
		}
		if !attribute.IsObjectType() {
			return false
		}
		for _, output := range attribute.AttributeTypes() {
			if !output.Equals(artifactType) {
				return false
			}
		}
	}
	return true
}
