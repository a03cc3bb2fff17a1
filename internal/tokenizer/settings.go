package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// typeOf returns the type of a part of the file, which must be one of those known.
func typeOf(part json.RawMessage, name string, known ...string) (string, error) {
	var of struct {
		Type string `json:"type"`
	}
	if len(part) > maxSetting {
		return "", fmt.Errorf("%s has more than %d kB of settings", name, maxSetting>>10)
	}
	if err := json.Unmarshal(part, &of); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if !slices.Contains(known, of.Type) {
		return "", fmt.Errorf("%s is of type %q; what is read here is %s", name, of.Type, strings.Join(known, " or "))
	}
	return of.Type, nil
}

// inert are settings that change no ids and no text.
var inert = []string{"decoder.add_prefix_space", "decoder.trim_offsets", "decoder.use_regex", "pre_tokenizer.trim_offsets"}

// younger are settings that old files lack, where they mean what is wanted here.
var younger = []string{"model.ignore_merges", "model.byte_fallback", "model.dropout", "model.fuse_unk", "pre_tokenizer.use_regex"}

// same compares a part of the file with what is wanted, and names the first setting that
// differs.
func same(name string, part json.RawMessage, want string) error {
	if len(part) > maxSetting {
		return fmt.Errorf("%s has more than %d kB of settings", name, maxSetting>>10)
	}
	if len(part) == 0 {
		part = json.RawMessage(`null`)
	}
	var got, wanted any
	if err := errors.Join(json.Unmarshal(part, &got), json.Unmarshal([]byte(want), &wanted)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return sameValue(name, got, wanted)
}

func sameValue(name string, got, want any) error {
	wants, isObject := want.(map[string]any)
	gots, ok := got.(map[string]any)
	if !isObject || !ok {
		return sameJSON(name, got, want)
	}
	names := maps.Clone(gots)
	maps.Copy(names, wants)
	for _, key := range slices.Sorted(maps.Keys(names)) {
		path := name + "." + key
		value, there := gots[key]
		if slices.Contains(inert, path) || !there && slices.Contains(younger, path) {
			continue
		}
		if err := sameValue(path, value, wants[key]); err != nil {
			return err
		}
	}
	return nil
}

// sameJSON compares values that are not both objects, by their text.
func sameJSON(name string, got, want any) error {
	a, errA := encodeJSON(got, "")
	b, errB := encodeJSON(want, "")
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return fmt.Errorf("%s is %.200s; only %s is read here", name, a, b)
	}
	return nil
}
