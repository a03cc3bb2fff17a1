package format_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sslpipe/internal/format"
)

// Each testdata/NAME.in.hcl becomes NAME.out.hcl; UPDATE=1 writes the latter.
func TestLayout(t *testing.T) {
	inputs, err := filepath.Glob("testdata/*.in.hcl")
	if err != nil || len(inputs) == 0 {
		t.Fatalf("found %v, error %v", inputs, err)
	}
	for _, input := range inputs {
		src, err := os.ReadFile(input)
		if err != nil {
			t.Fatal(err)
		}
		got, diags := format.Source(src, input)
		if diags != nil {
			t.Fatal(diags)
		}
		golden := strings.Replace(input, ".in.", ".out.", 1)
		if os.Getenv("UPDATE") != "" {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s: %s", input, diff)
		}
	}
}

func TestEnds(t *testing.T) {
	for src, want := range map[string]string{
		"":                      "",
		"\n \n\n":               "",
		"a = 1":                 "a = 1\n",
		"a = 1\n\n\n":           "a = 1\n",
		"\n\n# a  ":             "# a\n",
		"\xef\xbb\xbfa = 1\r\n": "a = 1\n",
		"a = <<EOT\n\nEOT\n\n":  "a = <<EOT\n\nEOT\n",
	} {
		got, diags := format.Source([]byte(src), "x.hcl")
		if diags != nil {
			t.Errorf("%q: %v", src, diags)
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%q: %s", src, diff)
		}
	}
}

// What is wrong is reported at its place, and the text stays.
func TestInvalid(t *testing.T) {
	for src, want := range map[string]string{
		"a=1 2":                           "x.hcl:1,5-6: Missing newline after argument; An argument definition must end with a newline.",
		"a=1\na=2":                        `x.hcl:2,1-2: Attribute redefined; The argument "a" was already set at x.hcl:1,1-2. Each argument may be set only once.`,
		"a=b.0. 3":                        "x.hcl:1,8-9: Invalid legacy index syntax; Two numbers with a dot between them are a fraction. Write indexes in brackets, like [0][3].",
		"a=0 .3":                          "x.hcl:1,6-7: Invalid legacy index syntax; Two numbers with a dot between them are a fraction. Write indexes in brackets, like [0][3].",
		"a=1e999999":                      "x.hcl:1,3-11: Number too large; Numbers have at most 100 digits and an exponent of at most 300.",
		strings.Repeat(" ", 1<<20) + "\n": "x.hcl:1,1-1: File too large; A pipeline file may have at most 1048576 bytes.",
	} {
		got, diags := format.Source([]byte(src), "x.hcl")
		if len(diags) != 1 || !strings.HasPrefix(diags[0].Error(), want) {
			t.Errorf("%.20q: %v, want %s", src, diags, want)
		}
		if string(got) != src {
			t.Errorf("%.20q was changed to %.20q", src, got)
		}
	}
}
