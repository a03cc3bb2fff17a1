package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Digests are what a run ends with: the digest, or the text, of every stored
// result, published file and table, and the names of all other files.
type Digests map[string]string

// Check compares what the project holds with what a run that was left alone ends
// with. Another run of the pipeline must find everything stored and print the same
// table, the store must verify, and there must be no file that such a run does not
// leave.
func (p *Project) Check(ctx context.Context, want Digests) error {
	if o := p.Run(ctx, "cache", "verify"); o.Code != 0 {
		return fmt.Errorf("cache verify: %w", o.err())
	}
	got, err := p.digests(ctx)
	if err != nil {
		return err
	}
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(want)) {
		switch value, ok := got[name]; {
		case !ok && strings.HasPrefix(name, filepath.Join(".sslpipe", "downloads")):
			// Nothing reads it once the data set is stored.
		case !ok:
			wrong = append(wrong, name+" is missing")
		case value != want[name]:
			wrong = append(wrong, fmt.Sprintf("%s is not the same:\n%s\ninstead of\n%s", name, value, want[name]))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[name]; !ok {
			wrong = append(wrong, name+" was left behind")
		}
	}
	if wrong != nil {
		return errors.New(strings.Join(wrong, "; "))
	}
	return nil
}

// digests reads the project, after one more run that has nothing to do.
func (p *Project) digests(ctx context.Context) (Digests, error) {
	again := p.Run(ctx)
	if again.Code != 0 {
		return nil, fmt.Errorf("a run with nothing left to do: %w", again.err())
	}
	d := Digests{"the printed table": again.Stdout}
	return d, filepath.WalkDir(p.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(p.Dir, path)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return p.folder(name, d)
		}
		return p.file(name, d)
	})
}

// folder notes a folder, and leaves out those whose content differs from run to
// run: the runs' own, and what was found damaged and set aside.
func (p *Project) folder(name string, d Digests) error {
	switch filepath.ToSlash(name) {
	case ".sslpipe/runs":
		return p.runs(name, d)
	case ".sslpipe/cache/damaged", ".sslpipe/cache/trash":
		return fs.SkipDir
	}
	d[name+"/"] = ""
	return nil
}

// runs checks that the folders of runs hold nothing but what runs write there.
func (p *Project) runs(name string, d Digests) error {
	found, err := filepath.Glob(filepath.Join(p.Dir, name, "*", "*"))
	if err != nil {
		return err
	}
	for _, path := range found {
		if strings.HasPrefix(filepath.Base(path), ".") || strings.Contains(path, ".part") {
			d[path] = ""
		}
	}
	return fs.SkipDir
}

// file notes a file. Entries of the cache hold times, so what they say is noted
// and not their bytes.
func (p *Project) file(name string, d Digests) error {
	text, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil {
		return err
	}
	if filepath.Dir(name) == filepath.Join(".sslpipe", "cache", "actions") {
		return storedResult(text, d)
	}
	sum := sha256.Sum256(text)
	d[name] = hex.EncodeToString(sum[:])
	return nil
}

// storedResult notes what an entry of the cache says.
func storedResult(text []byte, d Digests) error {
	var sealed struct {
		Entry struct {
			Unit, Tree string
			Outputs    json.RawMessage
			Divergent  json.RawMessage
		}
	}
	if err := json.Unmarshal(text, &sealed); err != nil {
		return err
	}
	e := sealed.Entry
	d["result of "+e.Unit] = fmt.Sprintf("files %s, outputs %s, divergent %s", e.Tree, e.Outputs, e.Divergent)
	return nil
}
