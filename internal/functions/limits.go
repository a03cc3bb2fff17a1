package functions

import (
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// maxWork limits what all calls of one set of functions may do together, in values
// looked at; so many take a second or two.
const maxWork = 2_000_000

// What a value can be that a function returns, or that a variable or local has: so
// values that are made of one another cannot grow without limit.
const (
	MaxElements = 4096    // values in it
	MaxText     = 1 << 20 // bytes of text in it
	MaxExponent = 1024    // binary exponent of a number, as in float64
)

// bytesPerWork is how much text takes as long as one value.
const bytesPerWork = 4

// size is how much there is in values.
type size struct {
	values int
	text   int // bytes, of object keys too
	// work is what a call does beyond looking at each value once.
	work int
}

var errLargeResult = fmt.Errorf("its result would have more than %d values or %d bytes of text", MaxElements, MaxText)

var errMuchWork = fmt.Errorf("all calls of functions together have looked at more than %d values: use smaller lists or fewer loops", maxWork)

func (s size) check() error {
	if s.values > MaxElements || s.text > MaxText {
		return errLargeResult
	}
	return nil
}

func (s size) cost() int { return 1 + s.values + s.text/bytesPerWork + s.work }

// measure returns the size of values together, and an error for a number that is
// out of bounds. It looks no further than limit values.
func measure(limit int, values ...cty.Value) (size, error) {
	var s size
	for _, v := range values {
		if err := s.add(v, limit); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *size) add(v cty.Value, limit int) error {
	v, _ = v.Unmark()
	if s.values++; s.values > limit || v.IsNull() || !v.IsKnown() {
		return nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		s.text += len(v.AsString())
	case t == cty.Number:
		return checkNumber(v)
	case v.CanIterateElements():
		for it := v.ElementIterator(); it.Next() && s.values <= limit; {
			key, element := it.Element()
			if key.Type() == cty.String && !t.IsSetType() {
				s.text += len(key.AsString())
			}
			if err := s.add(element, limit); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkNumber(v cty.Value) error {
	if x := v.AsBigFloat(); x.IsInf() || x.MantExp(nil) > MaxExponent || x.MantExp(nil) < -MaxExponent {
		return errors.New("a number is too large or too close to zero")
	}
	return nil
}

// meter counts what functions have done.
type meter struct{ work int }

// limited is a function with the limits of [Functions]; foresee may be nil.
func (m *meter) limited(f function.Function, foresee func([]cty.Value) (size, error)) function.Function {
	params, rest := slices.Clone(f.Params()), f.VarParam()
	for i := range params {
		params[i].AllowMarked = true
	}
	if rest != nil {
		rest = new(*rest)
		rest.AllowMarked = true
	}
	return function.New(&function.Spec{
		// Marks are left to the function itself: taking them off copies the
		// arguments, also for a call that is refused.
		Params:   params,
		VarParam: rest,
		// The type is that of the value: asking the function for it first
		// would do its work twice.
		Type: function.StaticReturnType(cty.DynamicPseudoType),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			if err := m.before(args, foresee); err != nil {
				return cty.NilVal, err
			}
			v, err := f.Call(args)
			if err != nil {
				return cty.NilVal, plainError(err)
			}
			s, err := measure(MaxElements, v)
			if err == nil {
				err = s.check()
			}
			if err != nil {
				return cty.NilVal, err
			}
			return v, m.spend(s.cost())
		},
	})
}

// before refuses what a call must not begin.
func (m *meter) before(args []cty.Value, foresee func([]cty.Value) (size, error)) error {
	if m.work > maxWork {
		return errMuchWork
	}
	const most = 4 // arguments, each of the size that a local can have
	s, err := measure(most*MaxElements, args...)
	if err != nil {
		return err
	}
	if s.values > most*MaxElements || s.text > most*MaxText {
		return fmt.Errorf("its arguments have more than %d values or %d bytes of text", most*MaxElements, most*MaxText)
	}
	if err := m.spend(s.cost()); err != nil || foresee == nil {
		return err
	}
	expected, err := foresee(unmarked(args))
	if err != nil {
		return err
	}
	if err := expected.check(); err != nil {
		return err
	}
	return m.spend(expected.work)
}

// unmarked returns the arguments without marks of their own.
func unmarked(args []cty.Value) []cty.Value {
	out := make([]cty.Value, len(args))
	for i, v := range args {
		out[i], _ = v.Unmark()
	}
	return out
}

func (m *meter) spend(work int) error {
	if m.work += work; m.work > maxWork {
		return errMuchWork
	}
	return nil
}

// plainError replaces what cty says of its own panics, which is a stack trace.
func plainError(err error) error {
	if _, ok := errors.AsType[function.PanicError](err); ok {
		return errors.New("it is not defined for these arguments")
	}
	return err
}
