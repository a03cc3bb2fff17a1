package plan

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// longest is the number of characters after which a literal is cut off.
const longest = 40

// literal writes a JSON value as HCL does; a missing one is unset.
func literal(raw json.RawMessage) string {
	if raw == nil {
		return "unset"
	}
	value, err := decodeValue(raw)
	if err != nil {
		return shorten(string(raw))
	}
	var b strings.Builder
	writeLiteral(&b, value)
	return shorten(b.String())
}

func writeLiteral(b *strings.Builder, value any) {
	switch v := value.(type) {
	case nil:
		b.WriteString("null")
	case string:
		b.Write(hclwrite.TokensForValue(cty.StringVal(v)).Bytes())
	case bool:
		b.WriteString(map[bool]string{true: "true", false: "false"}[v])
	case json.Number:
		b.WriteString(v.String())
	case []any:
		b.WriteByte('[')
		for i, element := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			writeLiteral(b, element)
		}
		b.WriteByte(']')
	case map[string]any:
		b.WriteByte('{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteString(key + " = ")
			writeLiteral(b, v[key])
		}
		b.WriteByte('}')
	}
}

func shorten(text string) string {
	if utf8.RuneCountInString(text) <= longest {
		return text
	}
	return string([]rune(text)[:longest-1]) + "…"
}

// bare is a name without quotes, or a number.
func bare(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

// digestText is the beginning of a digest.
func digestText(raw json.RawMessage) string {
	if text := bare(raw); digests.MatchString(text) {
		return text[:12]
	}
	return "none"
}

// isBlock tells whether a value is that of a whole block.
func isBlock(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }

// decodeValue reads JSON with its numbers as they are written.
func decodeValue(raw json.RawMessage) (any, error) {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	var value any
	err := in.Decode(&value)
	return value, err
}
