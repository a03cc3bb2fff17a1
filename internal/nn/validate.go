package nn

import (
	"fmt"

	"sslpipe/internal/schema"
)

// problems keeps what the checks below found.
func problems(found ...schema.Problem) []schema.Problem {
	var out []schema.Problem
	for _, p := range found {
		if p.Message != "" {
			out = append(out, p)
		}
	}
	return out
}

// The negated comparisons below also catch NaN.

func positive(field string, x float64) schema.Problem {
	return unless(x > 0, field, "must be above 0, not %v", x)
}

func notNegative(field string, x float64) schema.Problem {
	return unless(x >= 0, field, "must not be below 0, and is %v", x)
}

func fraction(field string, x float64) schema.Problem {
	return unless(x >= 0 && x < 1, field, "must be at least 0 and below 1, not %v", x)
}

func share(field string, x float64) schema.Problem {
	return unless(x >= 0 && x <= 1, field, "must be between 0 and 1, not %v", x)
}

func unless(ok bool, field, format string, args ...any) schema.Problem {
	if ok {
		return schema.Problem{}
	}
	return schema.Problem{Field: field, Message: field + " " + fmt.Sprintf(format, args...) + "."}
}
