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
	"sslpipe/internal/bounded"
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

// maxCard is more than the names of as many classes as are possible take, in bytes.
const maxCard = 64 << 20

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
	text, err := bounded.ReadFile(filepath.Join(dir, cardFile), maxCard)
	if err != nil {
		return nil, err
	}
	card := new(modelCard)
	err = errors.Join(seal.Check(text), json.Unmarshal(text, card))
	if err == nil {
		err = artifact.CheckFiles(card.Files)
	}
	if err != nil {
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
		if err := checkPublished(dir, f); err != nil {
			return err
		}
	}
	return nil
}

// checkPublished compares a file of a model with its digest, and before that with its
// size: what takes its place may have no end.
func checkPublished(dir string, f artifact.File) error {
	path := filepath.Join(dir, filepath.FromSlash(f.Path))
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	digest := ""
	if info.Mode().IsRegular() && info.Size() == f.Size {
		if digest, err = fetch.SHA256(context.Background(), path, nil); err != nil {
			return err
		}
	}
	if digest == "" || digest != f.SHA256 {
		return fmt.Errorf("%s is not as it was published", f.Path)
	}
	return nil
}
