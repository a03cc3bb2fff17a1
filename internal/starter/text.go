package starter

import (
	"fmt"
	"strconv"
	"strings"
	"text/template"
	"unicode"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// functions are what the templates call.
var functions = template.FuncMap{
	"comment": comment,
	"item":    func(text string) string { return hanging("# - ", "#   ", text) },
	"fact": func(f Fact) string {
		return hanging(fmt.Sprintf("#   %-11s", f.Name), "#"+strings.Repeat(" ", 14), f.Text)
	},
	"quote":   quote,
	"numbers": numbers,
}

// textWidth is how wide comments are.
const textWidth = 96

// comment writes paragraphs as comments; nothing for no text.
func comment(paragraphs ...string) string {
	var out []string
	for _, text := range paragraphs {
		if text != "" {
			out = append(out, hanging("# ", "# ", text))
		}
	}
	return strings.Join(out, "\n")
}

// hanging breaks text into lines, the first behind one prefix, the others behind
// another.
func hanging(first, prefix, text string) string {
	var lines []string
	line := first
	empty := true
	for word := range strings.FieldsSeq(text) {
		switch {
		case empty:
			line += word
		case len([]rune(line))+1+len([]rune(word)) > textWidth:
			lines = append(lines, line)
			line = prefix + word
		default:
			line += " " + word
		}
		empty = false
	}
	return strings.Join(append(lines, line), "\n")
}

// quote writes a string as HCL reads it, templates included.
func quote(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}

// numbers writes a list.
func numbers(values []int) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = strconv.Itoa(v)
	}
	return strings.Join(texts, ", ")
}

// printable keeps a name from breaking out of a comment, or a line.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(name, "?"))
}

// count writes a number with its thousands apart.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// images writes a number of images.
func images(n int) string {
	if n == 1 {
		return "1 image"
	}
	return count(n) + " images"
}
