package main

import (
	"os"
	"path/filepath"
	"testing"

	"sslpipe/internal/artifact"
)

// Whatever the card beside a model says, the model is as the card has it or is refused,
// and nothing outside of its folder is read.
func FuzzCard(f *testing.F) {
	abc := artifact.File{Path: "variables/a", Size: 3, SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}
	good, err := modelCard{Unit: "finetune.x", Files: []artifact.File{abc}}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(`{"files": [{"path": "../outside", "size": 3, "sha256": "` + abc.SHA256 + `"}]}`))
	f.Add([]byte(`{"files": [{"path": "variables", "size": 4096}, {"path": "pipe"}, {"path": "zero", "size": 0}], "description": {"classes": [null]}}`))
	f.Add([]byte(`null`))
	outer := f.TempDir()
	dir := filepath.Join(outer, "model")
	if err := os.MkdirAll(filepath.Join(dir, "variables"), 0o777); err != nil {
		f.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "variables", "a"), filepath.Join(outer, "outside")} {
		if err := os.WriteFile(path, []byte("abc"), 0o666); err != nil {
			f.Fatal(err)
		}
	}
	if err := os.Symlink("/dev/zero", filepath.Join(dir, "zero")); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, cardFile), text, 0o666); err != nil {
			t.Fatal(err)
		}
		if checkModel(dir) != nil {
			return
		}
		card, err := readCard(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range card.Files {
			if file != abc {
				t.Errorf("%+v is as it was published", file)
			}
		}
		c := classifier{dir: dir, ours: true}
		if _, err := c.namesOnCard(); err != nil {
			return
		}
		again, err := card.encode()
		if err != nil {
			return // a description that is no JSON by itself
		}
		if err := os.WriteFile(filepath.Join(dir, cardFile), again, 0o666); err != nil {
			t.Fatal(err)
		}
		if err := checkModel(dir); err != nil {
			t.Errorf("written again, it is refused: %v", err)
		}
	})
}
