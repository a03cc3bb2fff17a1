package train

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"sslpipe/internal/durable"
	"sslpipe/internal/seal"
)

// manifestFile lists the other files of a checkpoint's folder with their digests.
// TensorFlow checks its tensors, but nothing else would tell that a bit of the
// state has flipped, and the run would go on from another step, or with another
// learning rate.
const manifestFile = "files.json"

type manifest struct {
	Files []manifestEntry `json:"files"`
}

type manifestEntry struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// readManifest lists what is in a folder.
func readManifest(dir string) (manifest, error) {
	var m manifest
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		if err != nil || e.Name() == manifestFile {
			continue
		}
		var sum manifestEntry
		sum, err = digestFile(filepath.Join(dir, e.Name()))
		m.Files = append(m.Files, sum)
	}
	return m, err
}

func digestFile(path string) (manifestEntry, error) {
	f, err := os.Open(path)
	if err != nil {
		return manifestEntry{}, err
	}
	hash := sha256.New()
	size, err := io.Copy(hash, f)
	return manifestEntry{Name: filepath.Base(path), Size: size, SHA256: hex.EncodeToString(hash.Sum(nil))}, errors.Join(err, f.Close())
}

// writeManifest describes a folder that is complete but for the manifest.
func writeManifest(dir string) error {
	m, err := readManifest(dir)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, manifestFile), seal.Seal(text))
}

// checkManifest compares a folder with its manifest. The error names what is not as
// it was written.
func checkManifest(dir string) error {
	name := filepath.Base(dir)
	text, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if err != nil {
		return err
	}
	var want manifest
	if err := errors.Join(seal.Check(text), json.Unmarshal(text, &want)); err != nil {
		return fmt.Errorf("%s of %s: %w", manifestFile, name, err)
	}
	got, err := readManifest(dir)
	if err != nil {
		return err
	}
	found := make(map[string]manifestEntry, len(got.Files))
	for _, f := range got.Files {
		found[f.Name] = f
	}
	for _, f := range want.Files {
		if file, there := found[f.Name]; !there || file != f {
			return fmt.Errorf("%s of %s is not as it was written", f.Name, name)
		}
		delete(found, f.Name) // one that is listed twice stands for no other
	}
	if len(found) > 0 || len(want.Files) == 0 {
		return fmt.Errorf("%s has %d files, not the %d that were written", name, len(got.Files), len(want.Files))
	}
	return nil
}
