package transform

import (
	"fmt"

	"sslpipe/internal/schema"
)

// check reports what is wrong with a config: the limits in its tags, then, if
// they hold, its own rules. Files are checked by their decoder; this is for
// configs that a program filled in.
func check(config any) []schema.Problem {
	var problems []schema.Problem
	for _, f := range schema.Fields(config) {
		if f.Enum != nil {
			problems = append(problems, f.CheckLimits(config)...)
		}
		if f.Min == nil || f.Max == nil {
			continue
		}
		for _, v := range numbers(f.Get(config)) {
			if !(v >= *f.Min && v <= *f.Max) { // also true for NaN
				problems = append(problems, problem(f.Path, "%v is not between %v and %v.", v, *f.Min, *f.Max)...)
			}
		}
	}
	if v, ok := config.(schema.Validator); ok && problems == nil {
		problems = v.Validate()
	}
	return problems
}

// numbers returns the numbers that an attribute holds.
func numbers(value any) []float64 {
	switch v := value.(type) {
	case int:
		return []float64{float64(v)}
	case float64:
		return []float64{v}
	case []float64:
		return v
	}
	return nil
}

// The following return no problem or one, about the attribute field.

func checkInterval(field string, v []float64) []schema.Problem {
	if len(v) == 2 && v[0] <= v[1] {
		return nil
	}
	return problem(field, "The %s must be two numbers, the smaller first, not %v.", field, v)
}

// checkColour wants RGB images; what says which part of them is changed.
func checkColour(c int, what string) []schema.Problem {
	if c == 3 {
		return nil
	}
	return problem("", "Only images of 3 channels have a %s; these have %d.", what, c)
}

func problem(field, format string, args ...any) []schema.Problem {
	return []schema.Problem{{Field: field, Message: fmt.Sprintf(format, args...)}}
}
