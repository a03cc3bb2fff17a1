package plan

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"

	"sslpipe/internal/schema"
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
	if value == nil {
		return "null"
	}
	return shorten(schema.Literal(value))
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
