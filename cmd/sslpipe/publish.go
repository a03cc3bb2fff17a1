package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"sslpipe/internal/artifact"
	"sslpipe/internal/fetch"
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
	return filepath.Join(root, p.Pipeline.Name, modelName(u), strconv.Itoa(u.Coord["seed"]+1))
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
func modelName(u *plan.Unit) string {
	address := plan.FileName(u.Stage.Address)
	if labels, ok := u.Coord["labels"]; ok {
		return fmt.Sprintf("%s.%d", address, labels)
	}
	if permille, ok := u.Coord["permille"]; ok {
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
	text, err := json.MarshalIndent(modelCard{Unit: u.Address, Fingerprint: u.Fingerprint, Digest: h.Digest, Description: h.Meta}, "", "  ")
	if err != nil {
		return err
	}
	card := bytes.NewReader(append(text, '\n'))
	if err := errors.Join(writeSynced(filepath.Join(temp, cardFile), card), fetch.SyncFolder(temp)); err != nil {
		return errors.Join(err, os.RemoveAll(temp))
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Rename(temp, dir); err != nil {
		return err
	}
	return fetch.SyncFolder(filepath.Dir(dir))
}

// copyTree copies a folder's files. They are copied, not linked, so that whoever
// changes a published model does not damage the stored result. All of it is on the
// disk when copyTree returns, or a power cut could leave a model whose files have
// their names and sizes, and nothing in them.
func copyTree(to, from string) error {
	var folders []string
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			folders = append(folders, target)
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(target, path)
	})
	for _, folder := range folders {
		if err == nil {
			err = fetch.SyncFolder(folder)
		}
	}
	return err
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	return writeSynced(to, in)
}

func writeSynced(to string, in io.Reader) error {
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}
