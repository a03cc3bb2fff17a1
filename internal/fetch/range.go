package fetch

import (
	"strconv"
	"strings"
)

// parseContentRange reads "bytes 5-9/10": the first byte and the length of the
// whole file, which is 0 for "bytes 5-9/*".
func parseContentRange(header string) (first, length int64, ok bool) {
	rest, isBytes := strings.CutPrefix(header, "bytes ")
	span, whole, hasWhole := strings.Cut(rest, "/")
	from, to, hasTo := strings.Cut(span, "-")
	first, ok1 := parseLength(from)
	last, ok2 := parseLength(to)
	if whole != "*" {
		var ok3 bool
		if length, ok3 = parseLength(whole); !ok3 || last >= length {
			return 0, 0, false
		}
	}
	if !isBytes || !hasWhole || !hasTo || !ok1 || !ok2 || first > last {
		return 0, 0, false
	}
	return first, length, true
}

// parseLength reads a number of bytes, of digits alone.
func parseLength(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && strings.Trim(text, "0123456789") == ""
}
