package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Past is a run as its folder tells of it.
type Past struct {
	Name     string // of its folder
	Pipeline string
	// Imported is true for a run of another person; nothing more is known of it.
	Imported bool
	Started  time.Time
	// Finished is false for a run that still goes on or was killed.
	Finished bool
	Error    string // why it ended early; empty when all is well
	Seconds  float64
	Counts   Counts
}

// History reads the folders of runs, the oldest first. What is not one is left out.
func History(runs string) ([]Past, error) {
	entries, err := os.ReadDir(runs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var all []Past
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		p, err := ReadPast(filepath.Join(runs, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Past) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

// ImportedPrefix begins the names of the folders of runs that were imported. They have
// neither time nor events, and the name of the pipeline is not at the place where runs
// of it are looked for.
const ImportedPrefix = "imported-"

// IsImported tells whether a run's folder is of a run that was imported.
func IsImported(dir string) bool { return strings.HasPrefix(filepath.Base(dir), ImportedPrefix) }

// ReadPast reads a run's events. A last line that was cut short by a kill, or
// that is being written, is left out; so is what follows a line that is longer than
// any event.
func ReadPast(dir string) (Past, error) {
	p := Past{Name: filepath.Base(dir)}
	if IsImported(dir) {
		c, err := ReadConfig(dir)
		if err != nil {
			return p, err
		}
		p.Imported, p.Pipeline = true, c.Pipeline
		return p, nil
	}
	_, p.Pipeline, _ = strings.Cut(p.Name, "-")
	f, err := os.Open(filepath.Join(dir, eventsFile))
	if err != nil {
		return p, err
	}
	defer f.Close() //nolint:errcheck // nothing was written
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, maxEventLine)
	lines.Split(wholeLines)
	for lines.Scan() {
		var e Event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue
		}
		switch e.Type {
		case RunStarted:
			p.Started = e.Time
		case RunFinished:
			p.Finished, p.Error, p.Seconds = true, e.Error, e.Seconds
			if e.Counts != nil {
				p.Counts = *e.Counts
			}
		}
	}
	return p, nil
}

// wholeLines splits into lines and leaves out a last one that has no end.
func wholeLines(data []byte, atEOF bool) (advance int, line []byte, err error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF {
		return len(data), nil, nil
	}
	return 0, nil, nil
}
