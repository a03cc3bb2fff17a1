package schema_test

import (
	"encoding/json"
	"testing"

	"sslpipe/internal/schema"
)

func TestLiteral(t *testing.T) {
	for _, test := range []struct {
		value any
		want  string
	}{
		{nil, ""},
		{true, "true"},
		{12, "12"},
		{int64(3), "3"},
		{1e-3, "0.001"},
		{1e-05, "1e-05"},
		{2.0, "2"},
		{json.Number("1.50"), "1.50"},
		{"", `""`},
		{"a \"b\"\n${c}", `"a \"b\"\n$${c}"`},
		{[]int{5, 20}, "[5, 20]"},
		{[]float64{}, "[]"},
		{[]any{"a", true, json.Number("1")}, `["a", true, 1]`},
		{map[string]string{"b": "2", "a": "1"}, `{ a = "1", b = "2" }`},
		{map[string]any{"patience": 3, "at": []int{1}}, "{ at = [1], patience = 3 }"},
		{map[string]string(nil), "{}"},
	} {
		if got := schema.Literal(test.value); got != test.want {
			t.Errorf("%#v is written %s, not %s", test.value, got, test.want)
		}
	}
}
