package functions

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

const strs = "Strings"

var stringFunctions = []Function{
	{Name: "chomp", Group: strs, Doc: "Removes line breaks from the end of a string.", Func: stdlib.ChompFunc,
		Example: `chomp("cat\n")`, Result: `"cat"`},
	{Name: "endswith", Group: strs, Doc: "Tells whether a string ends with another.", Func: compare("suffix", strings.HasSuffix),
		Example: `endswith("photos.zip", ".zip")`, Result: `true`},
	{Name: "format", Group: strs, Doc: "Writes values by a format, as printf does: %d whole number, %.2f number with 2 decimals, %s string, %q in quotes, %05d with zeros in front.", Func: stdlib.FormatFunc, foresee: foreseeFormat,
		Example: `format("alpha-%.2f", 0.5)`, Result: `"alpha-0.50"`},
	{Name: "formatlist", Group: strs, Doc: "Writes each element of lists by a format, as format does.", Func: stdlib.FormatListFunc, foresee: foreseeFormatList,
		Example: `formatlist("block_%d", [4, 6, 9])`, Result: `["block_4", "block_6", "block_9"]`},
	{Name: "indent", Group: strs, Doc: "Adds spaces after every line break of a string.", Func: stdlib.IndentFunc, foresee: foreseeIndent,
		Example: `indent(2, "a\nb")`, Result: `"a\n  b"`},
	{Name: "join", Group: strs, Doc: "Joins the strings of lists, with a separator between them.", Func: stdlib.JoinFunc, foresee: foreseeJoin,
		Example: `join(", ", ["duck", "fish"])`, Result: `"duck, fish"`},
	{Name: "lower", Group: strs, Doc: "Writes a string in small letters.", Func: stdlib.LowerFunc,
		Example: `lower("CIFAR")`, Result: `"cifar"`},
	{Name: "regex", Group: strs, Doc: "Returns what a regular expression (RE2) finds first: the string, or a list or object of its groups. It is an error if it finds nothing.", Func: stdlib.RegexFunc, foresee: foreseeRegex,
		Example: `regex("[0-9]+", "cifar100")`, Result: `"100"`},
	{Name: "regexall", Group: strs, Doc: "Returns the list of all that a regular expression (RE2) finds.", Func: stdlib.RegexAllFunc, foresee: foreseeRegexAll,
		Example: `regexall("[a-z]+", "duck-vs-fish")`, Result: `["duck", "vs", "fish"]`},
	{Name: "replace", Group: strs, Doc: "Replaces every occurrence of one string in another.", Func: stdlib.ReplaceFunc, foresee: foreseeReplace,
		Example: `replace("barlow_twins", "_", " ")`, Result: `"barlow twins"`},
	{Name: "split", Group: strs, Doc: "Cuts a string at every separator.", Func: stdlib.SplitFunc, foresee: foreseeSplit,
		Example: `split(",", "5,20,100")`, Result: `["5", "20", "100"]`},
	{Name: "startswith", Group: strs, Doc: "Tells whether a string starts with another.", Func: compare("prefix", strings.HasPrefix),
		Example: `startswith("cifar10", "cifar")`, Result: `true`},
	{Name: "strcontains", Group: strs, Doc: "Tells whether a string has another one in it.", Func: compare("substr", strings.Contains),
		Example: `strcontains("fashion-mnist", "mnist")`, Result: `true`},
	{Name: "strlen", Group: strs, Doc: "Counts the characters of a string.", Func: stdlib.StrlenFunc,
		Example: `strlen("naïve")`, Result: `5`},
	{Name: "substr", Group: strs, Doc: "Cuts a part out of a string, by the place where it begins, from 0, and its length; -1 goes to the end.", Func: stdlib.SubstrFunc,
		Example: `substr("rotation", 0, 3)`, Result: `"rot"`},
	{Name: "title", Group: strs, Doc: "Writes the first letter of every word as a capital.", Func: stdlib.TitleFunc,
		Example: `title("duck and fish")`, Result: `"Duck And Fish"`},
	{Name: "trim", Group: strs, Doc: "Removes any of some characters from both ends of a string.", Func: stdlib.TrimFunc,
		Example: `trim("--cat--", "-")`, Result: `"cat"`},
	{Name: "trimprefix", Group: strs, Doc: "Removes one string from the start of another.", Func: stdlib.TrimPrefixFunc,
		Example: `trimprefix("block_4", "block_")`, Result: `"4"`},
	{Name: "trimspace", Group: strs, Doc: "Removes spaces and line breaks from both ends of a string.", Func: stdlib.TrimSpaceFunc,
		Example: `trimspace("  cat\n")`, Result: `"cat"`},
	{Name: "trimsuffix", Group: strs, Doc: "Removes one string from the end of another.", Func: stdlib.TrimSuffixFunc,
		Example: `trimsuffix("photos.zip", ".zip")`, Result: `"photos"`},
	{Name: "upper", Group: strs, Doc: "Writes a string in capitals.", Func: stdlib.UpperFunc,
		Example: `upper("ssl")`, Result: `"SSL"`},
}

// compare is a function that asks something of two strings.
func compare(second string, is func(a, b string) bool) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{textParam("str"), textParam(second)},
		Type:   function.StaticReturnType(cty.Bool),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(is(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

func foreseeFormat(args []cty.Value) (size, error) { return foreseeVerbs(args, 1) }

// foreseeFormatList takes each result for as long as one of all the lists.
func foreseeFormatList(args []cty.Value) (size, error) {
	longest := 1
	for _, v := range args[1:] {
		if t := v.Type(); !v.IsNull() && (t.IsTupleType() || t.IsListType() || t.IsSetType()) {
			longest = max(longest, v.LengthInt())
		}
	}
	return foreseeVerbs(args, longest)
}

var verb = regexp.MustCompile(`%[^a-zA-Z%]*`)

// foreseeVerbs adds up the widths that a format asks for, and for each verb the
// largest leaf that it can name.
func foreseeVerbs(args []cty.Value, times int) (size, error) {
	largest := 0
	for _, v := range args[1:] {
		largest = max(largest, written(v))
	}
	text := args[0].AsString()
	total := len(text)
	for _, found := range verb.FindAllString(text, -1) {
		width, digits := 0, 0
		for _, r := range found {
			if r < '0' || r > '9' {
				width, digits = width+digits, 0
				continue
			}
			digits = min(digits*10+int(r-'0'), MaxText+1)
		}
		if total += width + digits + largest; total > MaxText {
			break
		}
	}
	return size{values: times, text: total * times}, nil
}

// written is how many bytes a value can take when it is written: as JSON in which
// every character may be escaped, or as the digits of a number.
func written(v cty.Value) int {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() {
		return 4
	}
	if v.Type() == cty.Number {
		return 16 + max(0, v.AsBigFloat().MantExp(nil))
	}
	s, _ := measure(MaxElements, v)
	return s.text + 8*s.values
}

func foreseeIndent(args []cty.Value) (size, error) {
	spaces, _ := args[0].AsBigFloat().Int64()
	if spaces < 0 {
		return size{}, function.NewArgErrorf(0, "there cannot be fewer than 0 spaces")
	}
	text := args[1].AsString()
	return size{text: len(text) + strings.Count(text, "\n")*int(min(spaces, MaxText+1))}, nil
}

func foreseeJoin(args []cty.Value) (size, error) {
	s, err := measure(4*MaxElements, args[1:]...)
	return size{text: s.text + s.values*len(args[0].AsString())}, err
}

func foreseeReplace(args []cty.Value) (size, error) {
	text, old, with := args[0].AsString(), args[1].AsString(), args[2].AsString()
	return size{text: len(text) + strings.Count(text, old)*len(with)}, nil
}

func foreseeSplit(args []cty.Value) (size, error) {
	return size{values: strings.Count(args[1].AsString(), args[0].AsString()) + 1}, nil
}

const (
	maxPattern = 1000 // bytes of a regular expression
	// maxMatching limits the size of a compiled expression times the length of
	// the text, which is how long a search can take.
	maxMatching = 20_000_000
	// matchingPerWork is how much of that takes as long as one value.
	matchingPerWork = 16
)

func foreseeRegex(args []cty.Value) (size, error) {
	pattern, text := args[0].AsString(), args[1].AsString()
	if len(pattern) > maxPattern {
		return size{}, function.NewArgErrorf(0, "the regular expression has more than %d bytes", maxPattern)
	}
	parsed, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return size{}, function.NewArgErrorf(0, "this is no regular expression: %s", explainPattern(err))
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return size{}, function.NewArgErrorf(0, "this is no regular expression: %s", explainPattern(err))
	}
	matching := len(program.Inst) * len(text)
	if matching > maxMatching {
		return size{}, fmt.Errorf("the regular expression is too large to be searched for in %d bytes of text", len(text))
	}
	return size{work: matching / matchingPerWork}, nil
}

// explainPattern is an error without Go's prefix.
func explainPattern(err error) string {
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		return e.Code.String() + ": " + e.Expr
	}
	return err.Error()
}

func foreseeRegexAll(args []cty.Value) (size, error) {
	s, err := foreseeRegex(args)
	if err == nil {
		s.values = len(regexp.MustCompile(args[0].AsString()).FindAllStringIndex(args[1].AsString(), MaxElements+1))
	}
	return s, err
}
