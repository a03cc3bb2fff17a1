package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
)

// modelCard is sslpipe.json, which lies beside each published model.
type modelCard struct {
	Unit        string          `json:"unit"`
	Fingerprint string          `json:"fingerprint"`
	Digest      string          `json:"digest"`
	Description json.RawMessage `json:"description"`
}

const cardFile = "sslpipe.json"

func (c modelCard) encode() ([]byte, error) {
	text, err := json.MarshalIndent(c, "", "  ")
	return append(text, '\n'), err
}

// publish copies the SavedModel of every unit that made one and is among entries
// to root/<pipeline>/<stage>/<version>. A model that is there already is left alone.
func publish(root string, p *plan.Plan, store *artifact.Store, entries map[string]*artifact.Entry) error {
	for _, u := range p.Units {
		if entries[u.Address] == nil {
			continue
		}
		for _, o := range u.Stage.Kind.Outputs {
			if !isModel(o) || published(root, p, entries[u.Address], u) {
				continue
			}
			h, err := store.Handle(entries[u.Address], o.Name)
			if err == nil {
				err = publishModel(modelDir(root, p, u), h, u)
			}
			if err != nil {
				return fmt.Errorf("publish the model of %s: %w", u.Address, err)
			}
		}
	}
	return nil
}

func isModel(o plan.Output) bool {
	return o.Type == artifact.TypeEncoder || o.Type == artifact.TypeClassifier
}

func modelDir(root string, p *plan.Plan, u *plan.Unit) string {
	return filepath.Join(root, p.Pipeline.Name, filepath.FromSlash(modelPath(u.Stage.Address, u.Coord)))
}

// modelPath is the place of a unit's model among those of its pipeline: the name of
// its stage and its version.
func modelPath(stage string, c plan.Coord) string {
	return path.Join(modelName(stage, c), strconv.Itoa(c["seed"]+1))
}

// published tells whether the model of a unit, if it makes one, is in its place: by
// the digest on its card, and the names and sizes of its files.
func published(root string, p *plan.Plan, e *artifact.Entry, u *plan.Unit) bool {
	if !slices.ContainsFunc(u.Stage.Kind.Outputs, isModel) {
		return true
	}
	dir := modelDir(root, p, u)
	var card modelCard
	text, err := os.ReadFile(filepath.Join(dir, cardFile))
	if e == nil || err != nil || json.Unmarshal(text, &card) != nil || card.Digest != e.Tree {
		return false
	}
	for _, f := range e.Files {
		rel, inModel := strings.CutPrefix(f.Path, stages.ModelDir+"/")
		if !inModel {
			continue
		}
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(rel))); err != nil || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// modelName is the folder of a stage's models: the stage's address, and the
// label budget where there is one, in labels per class or in thousandths.
func modelName(stage string, c plan.Coord) string {
	address := plan.FileName(stage)
	if labels, ok := c["labels"]; ok {
		return fmt.Sprintf("%s.%d", address, labels)
	}
	if permille, ok := c["permille"]; ok {
		return fmt.Sprintf("%s.%dpermille", address, permille)
	}
	return address
}

func publishModel(dir string, h artifact.Handle, u *plan.Unit) error {
	temp := dir + ".part"
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := copyTree(temp, filepath.Join(h.Path, stages.ModelDir)); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	card := modelCard{Unit: u.Address, Fingerprint: u.Fingerprint, Digest: h.Digest, Description: h.Meta}
	text, err := card.encode()
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temp, cardFile), text, 0o644); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(temp, dir)
}

// copyTree copies a folder's files. They are copied, not linked, so that whoever
// changes a published model does not damage the stored result.
func copyTree(to, from string) error {
	return filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(target, name)
	})
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
