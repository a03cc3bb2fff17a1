package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"
)

const sealed = `{
  "sha256": "9ef50b4f2b6f3a9d10ba6a7d6a5a3c8e4f4b9cf7a2d0d5f1b5d6f9c1f0e2d3c4",
  "mean": 0.5
}
`

func TestSealIsTheFirstMember(t *testing.T) {
	text := Seal([]byte("{\n  \"mean\": 0.5\n}\n"))
	var got struct {
		SHA256 string
		Mean   float64
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Mean != 0.5 {
		t.Fatalf("%v in %s", err, text)
	}
	if want := "{\n  \"sha256\": \"" + got.SHA256 + "\",\n  \"mean\": 0.5\n}\n"; string(text) != want {
		t.Errorf("sealed as\n%swant\n%s", text, want)
	}
	if err := Check(text); err != nil {
		t.Error(err)
	}
	if err := Check([]byte(sealed)); !errors.Is(err, ErrBroken) {
		t.Errorf("a wrong digest passes: %v", err)
	}
}

// No bit of what is sealed can flip unseen; one that breaks the seal's own name
// leaves what it sealed as it was, or no JSON.
func TestEveryFlippedBitIsFound(t *testing.T) {
	object := []byte("{\n  \"mean\": 0.5,\n  \"counts\": [1, 2, 3]\n}\n")
	text := Seal(object)
	for i := range text {
		for bit := range 8 {
			flipped := bytes.Clone(text)
			flipped[i] ^= 1 << bit
			if Check(flipped) != nil || !json.Valid(flipped) {
				continue
			}
			if i >= len(before) {
				t.Errorf("bit %d of byte %d flipped unseen: %s", bit, i, flipped)
			}
		}
	}
	for n := range text {
		if Check(text[:n]) == nil && json.Valid(text[:n]) && n > 0 {
			t.Errorf("%d bytes pass for the whole: %s", n, text[:n])
		}
	}
}

func TestDocumentWithoutASealPasses(t *testing.T) {
	if err := Check([]byte(`{"mean": 0.5}`)); err != nil {
		t.Error(err)
	}
}
