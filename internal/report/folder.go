package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sslpipe/internal/seal"
)

// File is the name of the document in a run's folder.
const File = "report.json"

// Read reads the document of a run's folder. The error is [fs.ErrNotExist] where
// the run ended without one.
func Read(dir string) (*Report, error) {
	path := filepath.Join(dir, File)
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := seal.Check(text); err != nil {
		return nil, fmt.Errorf("read %s: %w; running the pipeline again makes a new one", path, err)
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if r.Version != Version {
		return nil, fmt.Errorf("read %s: its schema has version %d, this program reads version %d", path, r.Version, Version)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	if r.Run == "" { // it is that of any run with these results
		r.Run = filepath.Base(dir)
	}
	return &r, nil
}

// Folders names the folders of runs, the oldest first: their names begin with
// the time. Those that were imported begin with none and come before all others.
// Names that begin with a dot are of what is being written.
func Folders(runs string) ([]string, error) {
	entries, err := os.ReadDir(runs)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(age(a), age(b)) })
	return names, nil
}

// age is a text that sorts names of runs by age.
func age(name string) string {
	if strings.HasPrefix(name, "imported-") {
		return "0" + name
	}
	return "1" + name
}

// Latest names the newest run of all that has a report.
const Latest = "latest"

// Find returns the folder of a run. It can be named by a path; by [Latest]; by
// its folder's name or a beginning of it that no other has; or by its pipeline,
// of which the newest run is taken that has a report.
func Find(runs, name string) (string, error) {
	if _, err := os.Stat(filepath.Join(name, File)); err == nil {
		return name, nil
	}
	folders, err := Folders(runs)
	if err != nil {
		return "", err
	}
	if len(folders) == 0 {
		return "", fmt.Errorf("there are no runs in %s", runs)
	}
	if name == Latest {
		return newest(runs, folders), nil
	}
	var begin, pipeline []string
	for _, folder := range folders {
		_, of, _ := strings.Cut(folder, "-")
		switch {
		case folder == name:
			return filepath.Join(runs, folder), nil
		case strings.HasPrefix(folder, name):
			begin = append(begin, folder)
		case of == name:
			pipeline = append(pipeline, folder)
		}
	}
	switch {
	case len(begin) == 1:
		return filepath.Join(runs, begin[0]), nil
	case len(begin) > 1:
		return "", fmt.Errorf("several runs begin with %q: %s", name, strings.Join(begin, ", "))
	case len(pipeline) > 0:
		return newest(runs, pipeline), nil
	}
	return "", fmt.Errorf("there is no run %q in %s; the newest is %s", name, runs, folders[len(folders)-1])
}

// newest is the last folder with a report, or else the last.
func newest(runs string, folders []string) string {
	for _, folder := range slices.Backward(folders) {
		dir := filepath.Join(runs, folder)
		if _, err := os.Stat(filepath.Join(dir, File)); err == nil {
			return dir
		}
	}
	return filepath.Join(runs, folders[len(folders)-1])
}
