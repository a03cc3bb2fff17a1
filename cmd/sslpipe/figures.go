package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"sslpipe/internal/report"
	"sslpipe/internal/view"
)

// figuresFolder is where a run's folder has its figures.
const figuresFolder = "figures"

// drawnFile lists the figures beside it with their digests, below what they were
// drawn from. It is how a later run knows that they are its own.
const drawnFile = ".drawn"

// writeFigures puts the figures of a report into a run's folder. Drawing them takes
// four times as long as all else that a run does which finds everything stored, so
// figures that an earlier run has drawn from the same results are taken from there.
// They are written in the folder scratch.
func writeFigures(dir, scratch string, r *report.Report, earlier bool) error {
	from, err := figuresFrom(r)
	if err != nil {
		return err
	}
	var figures []view.Figure
	if earlier {
		figures = drawnEarlier(filepath.Dir(dir), from, r.Started)
	}
	if figures == nil {
		if figures, err = view.Figures(r); err != nil {
			return fmt.Errorf("draw figures: %w", err)
		}
	}
	if len(figures) == 0 {
		return nil
	}
	return storeFigures(filepath.Join(dir, figuresFolder), filepath.Join(scratch, figuresFolder), from, figures)
}

// figuresFrom identifies what figures are drawn from: the results, and the program
// that draws, by its file.
func figuresFrom(r *report.Report) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	fmt.Fprintln(hash, info.Size(), info.ModTime().UnixNano())
	if err := json.NewEncoder(hash).Encode(r.Evaluations); err != nil {
		return "", err
	}
	return hex.EncodeToString(hash.Sum(nil)), nil
}

// storeFigures writes figures into a folder, which appears whole; until then it is
// at part.
func storeFigures(folder, part, from string, figures []view.Figure) error {
	if err := os.Mkdir(part, 0o755); err != nil {
		return err
	}
	drawn := []string{from}
	for _, f := range figures {
		if err := os.WriteFile(filepath.Join(part, f.Name), f.Data, 0o644); err != nil {
			return err
		}
		drawn = append(drawn, digestOf(f.Data)+" "+f.Name)
	}
	list := []byte(strings.Join(drawn, "\n") + "\n")
	if err := os.WriteFile(filepath.Join(part, drawnFile), list, 0o644); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(folder), os.Rename(part, folder))
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// drawnEarlier returns the figures that the newest of some runs has drawn from the
// same, with the date of another run; nil where there are none.
func drawnEarlier(runs, from string, date time.Time) []view.Figure {
	folders, err := report.Folders(runs)
	if err != nil {
		return nil
	}
	for _, folder := range slices.Backward(folders) {
		folder = filepath.Join(runs, folder, figuresFolder)
		list, err := os.ReadFile(filepath.Join(folder, drawnFile))
		if errors.Is(err, fs.ErrNotExist) || !bytes.HasPrefix(list, []byte(from+"\n")) {
			continue
		}
		if figures := readFigures(folder, string(list), date); figures != nil {
			return figures
		}
	}
	return nil
}

// readFigures reads the figures of a list; nil where any is not what was drawn.
func readFigures(folder, list string, date time.Time) []view.Figure {
	var figures []view.Figure
	for _, line := range strings.Split(strings.TrimSpace(list), "\n")[1:] {
		digest, name, _ := strings.Cut(line, " ")
		data, err := os.ReadFile(filepath.Join(folder, filepath.Base(name)))
		if err != nil || digestOf(data) != digest {
			return nil
		}
		figures = append(figures, view.Figure{Name: name, Data: view.Dated(data, date)})
	}
	return figures
}
