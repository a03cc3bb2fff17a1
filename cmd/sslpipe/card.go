package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"sslpipe/internal/artifact"
	"sslpipe/internal/durable"
	"sslpipe/internal/fetch"
	"sslpipe/internal/seal"
)

// modelCard is sslpipe.json, which lies beside each published model.
type modelCard struct {
	Unit        string          `json:"unit"`
	Fingerprint string          `json:"fingerprint"`
	Digest      string          `json:"digest"`
	Description json.RawMessage `json:"description"`
	// Files are those of the model, which is compared with them before it is used.
	Files []artifact.File `json:"files,omitempty"`
}

const cardFile = "sslpipe.json"

func (c modelCard) encode() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return nil, err
	}
	return seal.Seal(append(text, '\n')), nil
}

func (c modelCard) write(dir string) error {
	text, err := c.encode()
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, cardFile), text)
}

// readCard reads the card of a model. The error is [fs.ErrNotExist] where there is
// none.
func readCard(dir string) (*modelCard, error) {
	text, err := os.ReadFile(filepath.Join(dir, cardFile))
	if err != nil {
		return nil, err
	}
	card := new(modelCard)
	if err := errors.Join(seal.Check(text), json.Unmarshal(text, card)); err != nil {
		return nil, fmt.Errorf("read %s: %w", cardFile, err)
	}
	return card, nil
}

// checkModel compares a model with its card. One that has no card is not ours, and
// nothing is known of it.
func checkModel(dir string) error {
	card, err := readCard(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range card.Files {
		digest, err := fetch.SHA256(context.Background(), filepath.Join(dir, filepath.FromSlash(f.Path)), nil)
		if err != nil {
			return err
		}
		if digest != f.SHA256 {
			return fmt.Errorf("%s is not as it was published", f.Path)
		}
	}
	return nil
}
