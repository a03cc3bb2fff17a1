package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"sslpipe/internal/artifact"
	"sslpipe/internal/durable"
	"sslpipe/internal/filelock"
	"sslpipe/internal/plan"
	"sslpipe/internal/stages"
)

// publish copies the SavedModel of every unit that made one and is among entries
// to root/<pipeline>/<stage>/<version>. A model that is there already, bit for bit,
// is left alone.
func publish(root string, p *plan.Plan, store *artifact.Store, entries map[string]*artifact.Entry) error {
	inPlace := make([]bool, len(p.Units))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, u := range p.Units {
		group.Go(func() error {
			e := entries[u.Address]
			inPlace[i] = e != nil && published(root, p, e, u) && checkModel(modelDir(root, p, u)) == nil
			return nil
		})
	}
	_ = group.Wait() // there is no error
	for i, u := range p.Units {
		for _, o := range u.Stage.Kind.Outputs {
			if entries[u.Address] == nil || !isModel(o) {
				continue
			}
			dir := modelDir(root, p, u)
			var err error
			if inPlace[i] {
				err = removeParts(dir)
			} else {
				err = publishModel(dir, store, entries[u.Address], o.Name, u)
			}
			if err != nil {
				return fmt.Errorf("publish the model of %s: %w", u.Address, err)
			}
		}
	}
	return nil
}

// publishable says before anything runs that models could not be published.
func publishable(root string, p *plan.Plan) error {
	if !slices.ContainsFunc(p.Units, func(u *plan.Unit) bool { return slices.ContainsFunc(u.Stage.Kind.Outputs, isModel) }) {
		return nil
	}
	dir, err := filepath.Abs(filepath.Join(root, p.Pipeline.Name))
	for err == nil {
		var info os.FileInfo
		if info, err = os.Stat(dir); err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is no folder", dir)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		dir, err = filepath.Dir(dir), nil
	}
	if err == nil {
		err = artifact.Writable(dir)
	}
	if err != nil {
		return fmt.Errorf("models could not be published: %w; --models names another folder", err)
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
// the digest on its card, and the names and sizes of its files, of which it reads
// nothing.
func published(root string, p *plan.Plan, e *artifact.Entry, u *plan.Unit) bool {
	if !slices.ContainsFunc(u.Stage.Kind.Outputs, isModel) {
		return true
	}
	dir := modelDir(root, p, u)
	card, err := readCard(dir)
	if e == nil || err != nil || card.Digest != e.Tree || card.Files == nil {
		return false
	}
	for _, f := range modelFiles(e) {
		if info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(f.Path))); err != nil || info.Size() != f.Size {
			return false
		}
	}
	return true
}

// modelFiles are the files of a result's model, by their paths inside of it.
func modelFiles(e *artifact.Entry) []artifact.File {
	var files []artifact.File
	for _, f := range e.Files {
		if rel, inModel := strings.CutPrefix(f.Path, stages.ModelDir+"/"); inModel {
			f.Path = rel
			files = append(files, f)
		}
	}
	return files
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

// publishModel copies a model, which is compared with its digests before, beside
// its place and then moves it there. Several processes may do so at once with the
// same model: the last one stays.
func publishModel(dir string, store *artifact.Store, e *artifact.Entry, output string, u *plan.Unit) error {
	if err := store.Verify(e); err != nil {
		return fmt.Errorf("%w; the same command makes it again", err)
	}
	h, err := store.Handle(e, output)
	if err != nil {
		return err
	}
	part, err := newPart(dir)
	if err != nil {
		return err
	}
	model := filepath.Join(part.Path(), "new")
	err = copyTree(model, filepath.Join(h.Path, stages.ModelDir))
	if err == nil {
		card := modelCard{Unit: u.Address, Fingerprint: u.Fingerprint, Digest: h.Digest, Description: h.Meta, Files: modelFiles(e)}
		err = errors.Join(card.write(model), durable.SyncFolder(model))
	}
	if err == nil {
		err = place(model, filepath.Join(part.Path(), "old"), dir)
	}
	if err == nil {
		err = durable.SyncFolder(filepath.Dir(dir))
	}
	return errors.Join(err, os.RemoveAll(part.Path()), part.Unlock())
}

// removeParts removes the folders beside dir that killed processes left.
func removeParts(dir string) error {
	left, err := filepath.Glob(dir + ".part*")
	for _, path := range left {
		err = errors.Join(err, filelock.RemoveUnmarked(path))
	}
	return err
}

// newPart makes a folder beside dir to work in, marked as this process's own.
func newPart(dir string) (*filelock.Lock, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	if err := removeParts(dir); err != nil {
		return nil, err
	}
	for {
		path, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".part")
		if err != nil {
			return nil, err
		}
		mark, err := filelock.Mark(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another process took it for one that was left
		}
		return mark, errors.Join(err, os.Chmod(path, 0o755))
	}
}

// place moves a folder to dir, and what is there out of the way, to old.
func place(model, old, dir string) error {
	for {
		err := os.Rename(dir, old)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		err = errors.Join(os.RemoveAll(old), os.Rename(model, dir))
		if !errors.Is(err, fs.ErrExist) { // another process has placed the same model
			return err
		}
	}
}

// copyTree copies a folder's files. They are copied, not linked, so that whoever
// changes a published model does not damage the stored result. All of it is on the
// disk when copyTree returns, or a power cut could leave a model whose files have
// their names and sizes, and nothing in them.
func copyTree(to, from string) error {
	var folders []string
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		if d.IsDir() {
			folders = append(folders, target)
			return os.MkdirAll(target, 0o755)
		}
		return copyFile(target, name)
	})
	for _, folder := range folders {
		if err == nil {
			err = durable.SyncFolder(folder)
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
	return durable.Copy(to, in)
}
