package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// Inventory is what a store's folders hold at a moment. Taking it changes
// nothing and reads no content of results.
type Inventory struct {
	Entries []*Entry         // by fingerprint; their objects may be missing
	Objects map[string]Scrap // by digest
	Broken  []Scrap          // entries that cannot be read, by fingerprint
	Damaged []Scrap          // what was set aside
	Trash   []Scrap          // what an interrupted removal left
	Work    []Scrap          // private folders of units, by fingerprint
}

// Usage is the space that files take.
type Usage struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`      // the lengths of the files
	Disk  int64 `json:"disk_bytes"` // what they take on the disk
}

// Add counts other in.
func (u *Usage) Add(other Usage) {
	u.Files += other.Files
	u.Bytes += other.Bytes
	u.Disk += other.Disk
}

// Scrap is a file or folder by itself, whatever it is for.
type Scrap struct {
	Name    string // of the file or folder; of an entry that cannot be read, its fingerprint
	Path    string
	Reason  string // why an entry cannot be read
	Usage   Usage
	Changed time.Time // when anything in it last did
}

var digests = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Inventory lists everything in the store. Files that come and go meanwhile may
// be missing.
func (s *Store) Inventory() (*Inventory, error) {
	inv := &Inventory{Objects: map[string]Scrap{}}
	err := s.listEntries(inv)
	if err == nil {
		err = s.listObjects(inv)
	}
	for folder, list := range map[string]*[]Scrap{
		s.path("damaged"): &inv.Damaged, s.path("trash"): &inv.Trash, s.work: &inv.Work,
	} {
		if err == nil {
			*list, err = List(folder)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("list the cache: %w", err)
	}
	return inv, nil
}

func (s *Store) listEntries(inv *Inventory) error {
	files, err := List(s.path("actions"))
	if err != nil {
		return err
	}
	for _, f := range files {
		fingerprint, ok := strings.CutSuffix(f.Name, ".json")
		if !ok || !fingerprints.MatchString(fingerprint) {
			continue
		}
		text, err := os.ReadFile(f.Path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		e, err := DecodeEntry(text, fingerprint)
		if err != nil {
			f.Name, f.Reason = fingerprint, err.Error()
			inv.Broken = append(inv.Broken, f)
			continue
		}
		inv.Entries = append(inv.Entries, e)
	}
	return nil
}

func (s *Store) listObjects(inv *Inventory) error {
	folders, err := List(s.path("objects"))
	for _, f := range folders {
		if digests.MatchString(f.Name) {
			inv.Objects[f.Name] = f
		}
	}
	return err
}

// List measures what is in a folder, by name; nothing where there is no folder.
// Files that are only there to be locked are left out.
func List(folder string) ([]Scrap, error) {
	found, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var list []Scrap
	for _, d := range found {
		if filepath.Ext(d.Name()) == ".lock" {
			continue
		}
		scrap, err := Measure(filepath.Join(folder, d.Name()))
		if err != nil {
			return nil, err
		}
		if !scrap.Changed.IsZero() {
			list = append(list, scrap)
		}
	}
	return list, nil
}

// Measure counts what a file, or everything in a folder, takes. What is gone is
// nothing, with no time of change.
func Measure(path string) (Scrap, error) {
	s := Scrap{Name: filepath.Base(path), Path: path}
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if info.ModTime().After(s.Changed) {
			s.Changed = info.ModTime()
		}
		if !d.IsDir() {
			s.Usage.Add(Usage{Files: 1, Bytes: info.Size(), Disk: onDisk(info)})
		}
		return nil
	})
	return s, err
}

func onDisk(info fs.FileInfo) int64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Blocks * 512 // whatever the file system's blocks are
	}
	return info.Size()
}

// Names are the digests of the objects that a result is made of or speaks of: its
// files, those of divergent results, and others that the metadata of its outputs
// names, as that of views does the data set.
func (e *Entry) Names() []string {
	names := []string{e.Tree}
	mentioned := mentions(e.Outputs)
	for _, d := range e.Divergent {
		names = append(names, d.Tree)
		mentioned = append(mentioned, mentions(d.Outputs)...)
	}
	return append(names, mentioned...)
}

var mention = regexp.MustCompile(`"[0-9a-f]{64}"`)

func mentions(outputs map[string]EntryOutput) []string {
	var found []string
	for _, out := range outputs {
		for _, quoted := range mention.FindAll(out.Meta, -1) {
			found = append(found, string(quoted[1:len(quoted)-1]))
		}
	}
	return found
}
