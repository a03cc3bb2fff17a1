package format_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/format"
)

func TestSource(t *testing.T) {
	for name, test := range map[string]struct{ src, want string }{
		"empty":              {"", ""},
		"blank":              {"\n \n\n", ""},
		"no final newline":   {"a = 1", "a = 1\n"},
		"final newlines":     {"a = 1\n\n\n", "a = 1\n"},
		"comment at the end": {"# a  ", "# a\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got, diags := format.Source([]byte(test.src), "x.hcl")
			if diags != nil {
				t.Fatal(diags)
			}
			if diff := cmp.Diff(test.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
