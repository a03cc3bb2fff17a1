package functions_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"sslpipe/internal/functions"
)

// exampleWorld is what the examples of file and env suppose.
var exampleWorld = functions.World{
	Dir: "pipelines",
	Read: func(path string, _ bool) ([]byte, error) {
		if path != filepath.Join("pipelines", "classes.txt") {
			return nil, os.ErrNotExist
		}
		return []byte("cat\ndog\n"), nil
	},
	Env: func(name string) (string, error) {
		if name != "USER" {
			return "", errors.New("it is not allowed")
		}
		return "ada", nil
	},
}

// evaluate returns the value of an expression, or the first thing wrong with it.
func evaluate(t *testing.T, w functions.World, text string, variables map[string]cty.Value) (cty.Value, error) {
	t.Helper()
	expr, diags := hclsyntax.ParseExpression([]byte(text), "x", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%.80s: %v", text, diags)
	}
	v, diags := expr.Value(&hcl.EvalContext{Functions: functions.In(w), Variables: variables})
	if diags.HasErrors() {
		return v, errors.New(diags[0].Detail)
	}
	return v, nil
}

func TestEveryFunctionHasAnExampleThatIsTrue(t *testing.T) {
	for _, f := range functions.List {
		if f.Doc == "" || f.Group == "" || f.Example == "" || !strings.Contains(f.Example, f.Name+"(") {
			t.Errorf("%s is not described", f.Name)
			continue
		}
		got, err := evaluate(t, exampleWorld, f.Example, nil)
		if err != nil {
			t.Errorf("%s: %v", f.Example, err)
			continue
		}
		want, err := evaluate(t, exampleWorld, f.Result, nil)
		if err == nil {
			want, err = convert.Convert(want, got.Type())
		}
		if err != nil || !got.RawEquals(want) {
			t.Errorf("%s is %#v, not %s (%v)", f.Example, got, f.Result, err)
		}
	}
}

func TestFunctionNamesDiffer(t *testing.T) {
	names := make([]string, len(functions.List))
	for i, f := range functions.List {
		names[i] = f.Name
	}
	slices.Sort(names)
	if n := len(names); len(slices.Compact(names)) != n {
		t.Errorf("a name is there twice: %v", names)
	}
}

func TestUsage(t *testing.T) {
	want := map[string]string{
		"range": "range([start,] limit[, step])", "lookup": "lookup(input_map, key, default)",
		"max": "max(numbers...)", "try": "try(expressions...)", "startswith": "startswith(str, prefix)",
	}
	for _, f := range functions.List {
		if usage, ok := want[f.Name]; ok && f.Usage() != usage {
			t.Errorf("got %s, want %s", f.Usage(), usage)
		}
	}
}

func TestFunctionsRefuse(t *testing.T) {
	for expr, want := range map[string]string{
		`sum([1, null])`:                      "an element is null",
		`alltrue([null])`:                     "an element is null",
		`log(0, 2)`:                           "only numbers above 0 have a logarithm",
		`log(2, 1)`:                           "the base must be above 0, and not 1",
		`pow(-2, 0.5)`:                        "a number below 0 can only be raised to a whole power",
		`parseint("7", 1)`:                    "the base must be a whole number from 2 to 62",
		`parseint("x", 10)`:                   `cannot parse "x" as a base 10 integer`,
		`indent(-1, "a\n")`:                   "there cannot be fewer than 0 spaces",
		`regex("(", "a")`:                     "this is no regular expression: missing closing ): (",
		`try(keys(1), keys(2))`:               "no expression has a value; of the first: ",
		`contains("abc", "b")`:                "a list or set is needed",
		`try()`:                               "there is no expression to try",
		`setproduct([1], 2)`:                  "every argument must be a list or set",
		`env("HOME")`:                         "it is not allowed",
		`file("clases.txt")`:                  "file does not exist",
		`jsondecode("{")`:                     "EOF",
		`element([], 0)`:                      "cannot use element function with an empty list",
		`tonumber("${1}x")`:                   "cannot convert \"1x\" to number",
		`index([1], 5)`:                       "key must be between 0 and 1",
		`substr(1, 2, "x")`:                   "a number is required",
		`pow(10, 400)`:                        "a number is too large",
		`csvdecode("a,b\n1\n")`:               "wrong number of fields",
		`formatlist("%s", [1, 2], [1, 2, 3])`: "inconsistent",
		`setunion([1], 2)`:                    "set of dynamic required",
	} {
		if _, err := evaluate(t, exampleWorld, expr, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", expr, err, want)
		}
	}
}

// Calls that would fill the memory or take forever are refused at once, whatever
// the size of what they are given.
func TestHostileCallsAreRefused(t *testing.T) {
	long := cty.StringVal(strings.Repeat("a", 1<<20))
	lines := cty.StringVal(strings.Repeat("\n", 1<<19))
	numbers := make([]cty.Value, 4000)
	for i := range numbers {
		numbers[i] = cty.NumberIntVal(int64(i))
	}
	variables := map[string]cty.Value{
		"long": long, "lines": lines, "list": cty.ListVal(numbers), "texts": cty.TupleVal([]cty.Value{long, long, long}),
		"deep":   cty.StringVal(strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19)),
		"flat":   cty.StringVal("[" + strings.Repeat("1,", 1<<18) + "1]"),
		"digits": cty.StringVal(strings.Repeat("9", 1<<20)),
		"csv":    cty.StringVal(strings.Repeat("a,b\n", 1<<17)),
		"huge":   cty.MustParseNumberVal("1e100000"),
	}
	result, arguments := "its result would have more than 4096 values or 1048576 bytes of text", "its arguments have more than 16384 values"
	for expr, want := range map[string]string{
		`replace(long, "a", long)`:   result,
		`replace(long, "", "ab")`:    result,
		`join(long, list)`:           result,
		`join(",", texts)`:           result,
		`indent(1e9, lines)`:         result,
		`indent(1e300, "\n")`:        result,
		`format("%999999999d", 1)`:   result,
		`format("%.999999999f", 1)`:  result,
		`format("%[1]s%[1]s", long)`: result,
		`format("${replace(substr(long, 0, 1000), "a", "%[1]s")}", substr(long, 0, 9999))`: result,
		`formatlist(substr(long, 0, 9999), list)`:                                          result,
		`format("%d", huge)`:                                    "a number is too large",
		`setproduct(list, list)`:                                result,
		`setproduct(list, list, list, list)`:                    result,
		`concat(list, list)`:                                    result,
		`concat(list, list, list, list, list)`:                  arguments,
		`split("", long)`:                                       result,
		`split("a", long)`:                                      result,
		`regexall("a", long)`:                                   result,
		`regex("(((a{10}){10}){10})(((a{10}){10}){10})", long)`: "the regular expression is too large to be searched for in 1048576 bytes",
		`regex(substr(long, 0, 1001), long)`:                    "the regular expression has more than 1000 bytes",
		`jsondecode(deep)`:                                      "the JSON is nested deeper than 100",
		`jsondecode(flat)`:                                      result,
		`jsondecode(digits)`:                                    "this text is too long for a number",
		`jsondecode("1e99999999")`:                              "a number is too large",
		`tonumber(digits)`:                                      "this text is too long for a number",
		`tonumber("1e-99999999")`:                               "a number is too large or too close to zero",
		`parseint(digits, 10)`:                                  "this text is too long for a number",
		`csvdecode(csv)`:                                        result,
		`jsonencode(texts)`:                                     result,
		`pow(1e300, 1e300)`:                                     "a number is too large",
		`range(1e9)`:                                            "more than 1024 values were generated",
		`merge([for n in range(5) : zipmap([for m in list : "${n}.${m}"], list)]...)`: arguments,
		`[for n in list : contains(list, -1)]`:                                        "all calls of functions together have looked at more than 2000000 values",
		`[for n in list : regex("b|a$", long)]`:                                       "all calls of functions together",
	} {
		if _, err := evaluate(t, functions.World{}, expr, variables); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", expr, err, want)
		}
	}
}

// Each level doubles the time if an expression within try is evaluated twice.
func TestNestedTriesTakeLinearTime(t *testing.T) {
	const n = 300
	text := strings.Repeat("try(can(", n) + "x" + strings.Repeat("))", n)
	v, err := evaluate(t, functions.World{}, text, map[string]cty.Value{"x": cty.True})
	if err != nil || !v.RawEquals(cty.True) {
		t.Errorf("got %#v, %v", v, err)
	}
}

func TestFileReadsText(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"good.txt": "grün\n", "bad.txt": "\xff", "large.txt": strings.Repeat("x", 1<<20+1), "full.txt": strings.Repeat("x", 1<<20)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w := functions.World{Dir: dir}
	for expr, want := range map[string]string{
		`file("good.txt")`:        "grün\n",
		`file("sub/../good.txt")`: "grün\n",
		`file("` + filepath.ToSlash(filepath.Join(dir, "good.txt")) + `")`: "grün\n",
		`tostring(strlen(file("full.txt")))`:                               "1048576",
	} {
		if v, err := evaluate(t, w, expr, nil); err != nil || !v.RawEquals(cty.StringVal(want)) {
			t.Errorf("%s: got %#v, %v", expr, v, err)
		}
	}
	for expr, want := range map[string]string{
		`file("bad.txt")`: "bad.txt is not text in UTF-8", `file("large.txt")`: "has more than 1048576 bytes",
		`file("god.txt")`: `god.txt failed: no such file or directory (did you mean "good.txt"?).`, `file(".")`: "failed: it is not a file.",
		`env("HOME")`: "no variable of the environment may be read here",
	} {
		if _, err := evaluate(t, w, expr, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", expr, err, want)
		}
	}
}
