package dataset

import (
	"encoding/json"
	"fmt"
	"strings"
)

var jsonEndings = []string{".jsonl", ".ndjson"}

// readJSONL reads a JSON object a line. Only the two values that are asked for are
// decoded; how deep others may go is bounded by package json.
func readJSONL(c *corpus, t tree, columns Columns) error {
	return c.eachFile(t, jsonEndings, func(name string, b blob) error {
		p := partOfFile(name)
		return c.eachLine(name, b, func(at textPlace, line string) error {
			if strings.TrimSpace(line) == "" {
				return nil
			}
			text, label, err := columns.decode(line)
			if err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			return c.add(at, p, label, text)
		})
	})
}

// decode reads text and label from an object.
func (c Columns) decode(line string) (text, label string, err error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal([]byte(line), &object); err != nil {
		return "", "", fmt.Errorf("is no JSON object: %w", err)
	}
	raw, there := object[c.text()]
	if !there || json.Unmarshal(raw, &text) != nil {
		return "", "", fmt.Errorf("has no string %q: say which key holds the text by text_column", c.text())
	}
	raw, there = object[c.label()]
	if !there || string(raw) == "null" {
		return text, "", nil
	}
	if json.Unmarshal(raw, &label) == nil {
		return text, label, nil
	}
	var number int64
	if json.Unmarshal(raw, &number) != nil {
		return "", "", fmt.Errorf("has a label that is no string and no integer")
	}
	return text, fmt.Sprint(number), nil
}
